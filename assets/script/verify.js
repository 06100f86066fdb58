// Checks a record in the reader's own hands: from the register's key down to every picture on this page. What it fetched it
// keeps, so that it can check again without a network. Formats: C2SP signed-note, tlog-checkpoint, tlog-proof; RFC 9162.

const panel = document.getElementById("check");
const number = Number(panel.dataset.n);

/** The material did not come. That says nothing about the record. */
class Missing extends Error {}

function must(right) {
  if (!right) throw new Error("wrong");
}

// ---- bytes ----

const bytesOf = (text) => new TextEncoder().encode(text);
const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Base64 in its one spelling. */
function fromBase64(text) {
  const binary = atob(text);
  must(btoa(binary) === text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

// ---- what it computes with: the browser's WebCrypto, or a library where that lacks Ed25519 (it is old, or there is no TLS) ----

async function browserTools() {
  const subtle = crypto.subtle;
  const key = (bytes) => subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
  const { bytes } = readKey(panel.dataset.key);
  await key(bytes);
  return {
    sha256: async (message) => new Uint8Array(await subtle.digest("SHA-256", message)),
    signed: async (by, signature, message) => subtle.verify("Ed25519", await key(by), signature, message),
  };
}

async function libraryTools() {
  const [ed25519, sha2] = await Promise.all([import("./ed25519.js"), import("./sha2.js")]);
  ed25519.hashes.sha512 = sha2.sha512;
  return {
    sha256: async (message) => sha2.sha256(message),
    signed: async (by, signature, message) => ed25519.verify(signature, message, by, { zip215: false }),
  };
}

let tools;
const sha256 = (...parts) => tools.sha256(joined(...parts));

// ---- notes, keys, proofs ----

/** A verifier key, `name+id+base64`. */
function readKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  const typed = fromBase64(encoded);
  must(typed.length === 33 && typed[0] === 1);
  return { text, name, id, typed, bytes: typed.slice(1) };
}

async function checkedKey(text) {
  const key = readKey(text);
  const digest = await sha256(bytesOf(`${key.name}\n`), key.typed);
  must(hex(digest).startsWith(key.id));
  return key;
}

function readNote(bytes) {
  must(bytes.length <= 65535 && bytes.every((byte) => byte >= 0x20 || byte === 10));
  const note = textOf(bytes);
  const cut = note.lastIndexOf("\n\n");
  must(cut >= 0 && note.endsWith("\n") && cut + 2 < note.length);
  const lines = note.slice(cut + 2, -1).split("\n");
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^— ([^+\s]+) (\S+)$/.exec(line);
    const signature = fromBase64(encoded);
    must(signature.length > 4);
    return { name, id: hex(signature.slice(0, 4)), signature: signature.slice(4) };
  });
  return { text: note.slice(0, cut + 1), signatures };
}

/** Those of `keys` that signed. A signature that names one of them and is not its own is an error. */
async function signersOf(note, keys) {
  const signers = [];
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((one) => one.name === name && one.id === id);
    if (!key) continue;
    must(signature.length === 64 && await tools.signed(key.bytes, signature, bytesOf(note.text)));
    signers.push(key);
  }
  must(signers.length > 0);
  return signers;
}

function readProof(bytes) {
  const text = textOf(bytes);
  const cut = text.indexOf("\n\n");
  must(cut > 0);
  const [first, ...lines] = text.slice(0, cut).split("\n");
  must(first === "c2sp.org/tlog-proof@v1");
  if (lines[0].startsWith("extra ")) lines.shift();
  const [, index] = /^index (0|[1-9]\d*)$/.exec(lines.shift());
  const path = lines.map(fromBase64);
  must(path.every((hash) => hash.length === 32));
  return { index: Number(index), path, checkpoint: text.slice(cut + 2) };
}

/** The head of the register that a proof leads to, if the register's key signed it. */
async function headOf(proof, log) {
  const note = readNote(bytesOf(proof.checkpoint));
  await signersOf(note, [log]);
  const [origin, size, root] = note.text.split("\n");
  must(origin === log.name && /^[1-9]\d*$/.test(size));
  return { size: Number(size), root: fromBase64(root) };
}

/** RFC 9162 section 2.1.3.2: the entry hashes to the root. */
async function mustStand(entry, proof, head) {
  must(proof.index < head.size);
  let [index, last] = [proof.index, head.size - 1];
  let hash = await sha256(Uint8Array.of(0), entry);
  const half = (n) => Math.floor(n / 2);
  for (const sibling of proof.path) {
    must(last > 0);
    if (index % 2 === 1 || index === last) {
      hash = await sha256(Uint8Array.of(1), sibling, hash);
      while (index % 2 === 0 && index !== 0) [index, last] = [half(index), half(last)];
    } else {
      hash = await sha256(Uint8Array.of(1), hash, sibling);
    }
    [index, last] = [half(index), half(last)];
  }
  must(last === 0 && same(hash, head.root));
}

// ---- the material ----

async function fetched(path) {
  const answer = await fetch(path).catch(() => null);
  if (answer?.status === 404) return null;
  if (!answer?.ok) throw new Missing();
  const bytes = await answer.arrayBuffer().catch(() => null);
  if (!bytes) throw new Missing();
  return new Uint8Array(bytes);
}

/** The pictures of the record as this page shows them: the address of each. */
function pictures() {
  const shown = [...document.querySelectorAll("main img")].filter((image) => !image.closest(".qr"));
  return shown.map((image) => image.currentSrc || image.src);
}

function statementOf(note) {
  return JSON.parse(textOf(note).split("\n")[0]);
}

async function gathered() {
  const indices = panel.dataset.entries.split(" ").map(Number);
  const pairs = indices.map((n) => Promise.all([n, fetched(`/r/${n}/note`), fetched(`/r/${n}/proof`)]));
  const shown = Promise.all(pictures().map(async (address) => [address, await fetched(address)]));
  const entries = new Map();
  for (const [n, note, proof] of await Promise.all(pairs)) {
    if (!note || !proof) throw new Missing();
    entries.set(n, { note, proof });
  }
  let hash = null;
  try {
    hash = statementOf(entries.get(number).note).content;
  } catch {
    // Whatever stands there instead of a statement, its proof is wrong.
  }
  const content = hash && /^[0-9a-f]{64}$/.test(hash) ? await fetched(`/content/${hash}`) : null;
  return { entries, content, pictures: new Map(await shown) };
}

// ---- the steps, each named as its line of the page ----

/** Every proof leads to a head that the register's key signed. */
async function log({ entries }, found) {
  found.log = await checkedKey(panel.dataset.key);
  found.proofs = new Map();
  for (const [n, { proof }] of entries) {
    const read = readProof(proof);
    found.proofs.set(n, { ...read, head: await headOf(read, found.log) });
  }
}

/** The record, and what its signatures rest on, stand in the register. */
async function place({ entries }, found) {
  for (const [n, { note }] of entries) {
    const proof = found.proofs.get(n);
    must(proof.index === n);
    await mustStand(note, proof, proof.head);
  }
}

/** Entry 0 is the office's own key; every later entry is signed by one that an earlier entry enrolled for that. */
async function signers({ entries }, found) {
  const enrolled = [];
  found.statements = new Map();
  for (const n of [...entries.keys()].sort((one, other) => one - other)) {
    const note = readNote(entries.get(n).note);
    const statement = JSON.parse(note.text);
    const enrols = statement.kind === "key" && statement.act === "enrol";
    const key = enrols ? { ...await checkedKey(statement.key), role: statement.role, village: statement.village } : null;
    if (n === 0) enrolled.push(key);
    const signed = await signersOf(note, enrolled);
    must(signed.some((signer) => may(signer, statement)));
    if (enrols && n !== 0) enrolled.push(key);
    found.statements.set(n, statement);
  }
}

function may(signer, { kind, village }) {
  const ofVillage = ["receipt", "nothing", "correction"].includes(kind);
  if (signer.role === "office") return !ofVillage || kind === "correction";
  return signer.role === "accountant" && ofVillage && signer.village === village;
}

/** The content is the one by whose hash the statement was signed; or there is none to show. */
async function content({ content: bytes }, found) {
  const statement = found.statements.get(number);
  if (!bytes) {
    const gone = [...found.statements.values()].some(({ kind, of }) =>
      kind === "withdrawal" && (of === number || of === statement.of));
    must(!statement.content || gone);
    return;
  }
  must(hex(await sha256(bytes)) === statement.content);
  found.content = JSON.parse(textOf(bytes));
}

/** Every picture on the page is one that the content names, and none that it names is missing. */
async function images({ pictures: shown }, found) {
  const named = found.content?.images || [];
  const hashes = [];
  for (const [address, bytes] of shown) {
    const hash = new URL(address).pathname.replace("/blob/", "");
    must(bytes && hex(await sha256(bytes)) === hash);
    must(named.some((image) => image.sha256 === hash || image.thumb === hash));
    hashes.push(hash);
  }
  must(named.every((image) => hashes.includes(image.sha256) || hashes.includes(image.thumb)));
}

/** The page says what the content says. */
async function page(_, found) {
  const content = found.content;
  if (!content) return;
  must(document.querySelector("main h1").textContent === (content.purpose || content.title));
  if (!content.amount) return;
  const said = [...document.querySelectorAll("main dd")].map((value) => value.textContent);
  const yuan = String(Math.floor(content.amount / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  const amount = `${yuan}.${String(content.amount % 100).padStart(2, "0")}`;
  const [year, month, day] = content.date.split("-").map(Number);
  const english = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  const days = [`${year}年${month}月${day}日`, new Date(content.date).toLocaleDateString("en-GB", english)];
  must(said.includes(`${amount} 元`) || said.includes(`¥${amount}`));
  must(said.includes(content.payee) && days.some((text) => said.includes(text)));
}

const STEPS = { log, place, signers, content, images, page };

// ---- the panel ----

const lineOf = (step) => panel.querySelector(`[data-step=${step}]`);
const verdicts = ["wait", "yes", "no", "missing"].map((name) => document.getElementById(`check-${name}`));

function tell(name) {
  for (const verdict of verdicts) verdict.hidden = verdict.id !== `check-${name}`;
  again.hidden = name === "wait";
  panel.closest(".seal").classList.toggle("doubted", name === "no");
}

let kept;

async function check() {
  for (const step of Object.keys(STEPS)) lineOf(step).className = "";
  tell("wait");
  const found = {};
  try {
    tools ??= await browserTools().catch(libraryTools).catch(() => { throw new Missing(); });
    kept ??= await gathered();
  } catch {
    return tell("missing");
  }
  for (const [step, work] of Object.entries(STEPS)) {
    try {
      await work(kept, found);
      lineOf(step).className = "yes";
    } catch {
      lineOf(step).className = "no";
      document.getElementById("check-which").textContent = lineOf(step).querySelector("b").textContent;
      return tell("no");
    }
  }
  tell("yes");
}

const again = document.getElementById("check-again");
again.addEventListener("click", check);
document.getElementById("check-start").addEventListener("click", (event) => {
  event.preventDefault();
  event.currentTarget.hidden = true;
  panel.hidden = false;
  check();
});
