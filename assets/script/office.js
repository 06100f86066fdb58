// What the office's pages do beyond forms and links: the review screen's keys, and a supervisor's own key, which is made
// and kept in this browser and never leaves it. Without this script everything but signing still works.
"use strict";

// ---- the menu of a phone is one line to push aside: begin where this page stands in it ----

document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// ---- keys of the review screen: each stands on the control that it works ----

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key === "=" ? "+" : event.key.toLowerCase();
  const control = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  if (!control) return;
  event.preventDefault();
  if (control.matches("input:not([type=radio])")) control.focus();
  else control.click();
});

// ---- signing: C2SP signed-note with Ed25519 ----

const SHELF = "mingbai-keys";

function shelf() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(SHELF, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("key");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function onShelf(mode, work) {
  const database = await shelf();
  return new Promise((resolve, reject) => {
    const asked = work(database.transaction("key", mode).objectStore("key"));
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

const bytesOf = (text) => new TextEncoder().encode(text);
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/// The four bytes that stand before a signature, and in the key's text: of name, newline, type 1 and public key.
const keyId = async (name, raw) => (await sha256(join(bytesOf(name + "\n"), [1], raw))).slice(0, 4);

async function makeKey(name) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const id = await keyId(name, raw);
  const vkey = `${name}+${hex(id)}+${base64(join([1], raw))}`;
  await onShelf("readwrite", (store) => store.put({ name, vkey, id, secret: pair.privateKey }, name));
  return vkey;
}

async function signatureLine(key, text) {
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key.secret, bytesOf(text)));
  return `\u2014 ${key.name} ${base64(join(key.id, signature))}`;
}

/// What is signed must be the statement of what is shown: its content's hash stands in it.
async function mustFit(field) {
  if (!field.dataset.body) return;
  const said = JSON.parse(field.dataset.text).content;
  if (said !== hex(await sha256(bytesOf(field.dataset.body)))) throw new Error("unfit");
}

function tell(form, error) {
  const english = document.documentElement.lang === "en";
  const words = {
    none: ["这台设备里没有您的钥匙：请先到“我的钥匙”生成并登记。", "This device does not hold your key: make one under “My key” first."],
    unfit: ["内容和声明不符，没有签。请告诉镇里。", "The content does not fit the statement; nothing was signed. Please tell the township."],
    other: ["这个浏览器不能签名：请换新版的 Chrome、Edge、Firefox 或 Safari，并用 https 网址。", "This browser cannot sign: use a current Chrome, Edge, Firefox or Safari, over https."],
  };
  const problem = form.querySelector("[data-problem]");
  problem.textContent = (words[error.message] || words.other)[english ? 1 : 0];
  problem.hidden = false;
}

function onSubmit(form, prepare) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await prepare();
      form.submit();
    } catch (error) {
      tell(form, error);
    }
  });
}

for (const form of document.querySelectorAll("form[data-sign]")) {
  onSubmit(form, async () => {
    const key = await onShelf("readonly", (store) => store.get(form.dataset.sign));
    if (!key) throw new Error("none");
    form.querySelectorAll("[name=line]").forEach((old) => old.remove());
    for (const field of form.querySelectorAll("[data-text]")) {
      await mustFit(field);
      const line = document.createElement("input");
      line.type = "hidden";
      line.name = "line";
      line.value = await signatureLine(key, field.dataset.text);
      field.after(line);
    }
  });
}

for (const form of document.querySelectorAll("form[data-make]")) {
  onSubmit(form, async () => {
    form.querySelector("[name=vkey]").value = await makeKey(form.dataset.make);
  });
}

for (const note of document.querySelectorAll("[data-holds]")) {
  const vkey = note.dataset.holds;
  onShelf("readonly", (store) => store.get(vkey.split("+")[0]))
    .then((key) => { note.hidden = Boolean(key) && key.vkey === vkey; })
    .catch(() => { note.hidden = false; });
}
