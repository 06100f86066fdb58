// Photographs one receipt after the other and sends each to the computer. A photo stays on the phone until the computer
// has answered for it. Written for the browsers inside chat programs of 2020 (Chromium 78) and newer.
'use strict';

const WORDS = {
  zh: {
    title: '明白 · 拍票据', shoot: '拍照', album: '从相册选',
    connecting: '正在连接电脑…',
    ready: '已连上电脑，请拍票据，一张一张拍',
    lost: '连不上电脑，照片留在手机里，连上后自动发送',
    over: '请重新扫描电脑上的二维码；没发的照片还在手机里，扫码后自动发送',
    wrong: '这个二维码不对，请重新扫描电脑上的二维码',
    expired: '二维码过期了，请扫描电脑上的新码',
    taken: '电脑已连着另一部手机；要换成这部，请在电脑上换新码再扫',
    guessed: '二维码已作废，请扫描电脑上的新码',
    old: '连得太久了，请扫描电脑上的新码',
    fragile: '这部手机存不住照片：发完之前请不要关闭本页',
    received: n => '已收 ' + n + ' 张', waiting: n => '待发 ' + n + ' 张',
    kept: '待发，已存在手机里', sending: '正在发送', looking: '电脑正在识读',
    is_taken: '✓ 收到', is_again: '⚠ 已有这张', is_bad: '⚠ 不能用，请重拍', is_trouble: '⚠ 电脑暂时收不了，会再发',
    code: n => '发票 ' + n, amount: a => a + ' 元', no_code: '没有读到二维码', sharp: '✓ 清楚',
    large: '照片太大，请调低相机的像素再拍', unreadable: '这个文件读不出来，请重拍',
  },
  en: {
    title: 'Mingbai · receipts', shoot: 'Take photo', album: 'From album',
    connecting: 'Connecting to the computer…',
    ready: 'Connected. Photograph the receipts one by one',
    lost: 'The computer cannot be reached. Photos stay on this phone and are sent when it is back',
    over: 'Please scan the code on the computer again. Unsent photos are still here and are sent after that',
    wrong: 'This code is not the right one. Please scan the code on the computer again',
    expired: 'The code is too old. Please scan the new one on the computer',
    taken: 'Another phone is connected. To use this one, make a new code on the computer and scan it',
    guessed: 'The code is void. Please scan the new one on the computer',
    old: 'Connected for too long. Please scan the new code on the computer',
    fragile: 'This phone cannot keep photos: do not close this page before all are sent',
    received: n => n + ' received', waiting: n => n + ' to send',
    kept: 'Kept on this phone, to be sent', sending: 'Sending', looking: 'The computer is reading it',
    is_taken: '✓ Received', is_again: '⚠ Already there', is_bad: '⚠ Unusable, take it again',
    is_trouble: '⚠ The computer cannot take it now; it is sent again',
    code: n => 'Invoice ' + n, amount: a => '¥' + a, no_code: 'No code was read', sharp: '✓ Sharp',
    large: 'The photo is too large: choose fewer pixels in the camera', unreadable: 'This file cannot be read, take it again',
  },
};

// Milliseconds between attempts, doubled from the first to the last.
const RETRY_FIRST = 1000, RETRY_LAST = 30000;
const ASK_TIMEOUT = 15000, SEND_TIMEOUT = 10 * 60 * 1000;
// Rows that stay on the page, and pixels of their pictures.
const ROWS_MAX = 60, THUMB = 160;

const $ = id => document.getElementById(id);

// --- Words -------------------------------------------------------------------------------------------------------

let language = remembered('language') || (/^en/i.test(navigator.language || '') ? 'en' : 'zh');
const word = key => WORDS[language][key];

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = word('title');
  document.querySelectorAll('[data-say]').forEach(e => { e.textContent = word(e.getAttribute('data-say')); });
  $('language').textContent = language === 'zh' ? 'English' : '中文';
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN';
  showLine();
  shots.forEach(show);
  showCount();
}

// Storage may be forbidden; then a choice lasts as long as the page.
function remembered(name) {
  try { return sessionStorage.getItem(name); } catch (_) { return null; }
}

function remember(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name); else sessionStorage.setItem(name, value);
  } catch (_) { /* see above */ }
}

// --- What is kept on the phone -------------------------------------------------------------------------------------

// Photos are kept as plain bytes: WebKit fails to keep files. Without a database they are kept in memory, and that is said.
const keep = { db: null, spare: new Map(), fragile: false };

function request(ask) {
  return new Promise((done, failed) => {
    ask.onsuccess = () => done(ask.result);
    ask.onerror = () => failed(ask.error);
  });
}

async function openKeep() {
  try {
    const ask = indexedDB.open('mingbai-camera', 1);
    ask.onupgradeneeded = () => {
      ask.result.createObjectStore('photos', { keyPath: 'id' });
      ask.result.createObjectStore('settings');
    };
    keep.db = await request(ask);
  } catch (_) { keep.fragile = true; }
}

const store = (name, mode) => keep.db.transaction(name, mode).objectStore(name);

// Done only when the browser says that it is written.
function write(name, act) {
  return new Promise((done, failed) => {
    const work = keep.db.transaction(name, 'readwrite');
    work.oncomplete = done;
    work.onabort = work.onerror = () => failed(work.error);
    act(work.objectStore(name));
  });
}

async function keepPhoto(photo) {
  try {
    await write('photos', photos => photos.put(photo));
  } catch (_) {
    keep.fragile = true;
    keep.spare.set(photo.id, photo);
  }
}

async function keptPhoto(id) {
  return keep.spare.get(id) || (keep.db && await request(store('photos', 'readonly').get(id)));
}

async function forgetPhoto(id) {
  keep.spare.delete(id);
  if (keep.db) await write('photos', photos => photos.delete(id));
}

async function keptIds() {
  if (!keep.db) return [];
  return (await request(store('photos', 'readonly').getAllKeys())).sort();
}

async function loadToken() {
  const token = remembered('token');
  if (token || !keep.db) return token;
  try { return await request(store('settings', 'readonly').get('token')) || null; } catch (_) { return null; }
}

async function saveToken(value) {
  token = value;
  remember('token', value);
  if (!keep.db) return;
  try {
    await write('settings', settings => value === null ? settings.delete('token') : settings.put(value, 'token'));
  } catch (_) { /* the tab remembers it */ }
}

// --- The line to the computer --------------------------------------------------------------------------------------

// `line` is one of: connecting, ready, lost, and for a pairing that is over: over, wrong, expired, taken, guessed, old.
let line = 'connecting', token = null, secret = null, bytesMax = Infinity;
let wait = RETRY_FIRST, timer = 0, busy = false, askedAgain = false;

function setLine(now) {
  line = now;
  showLine();
}

function showLine() {
  $('line').textContent = word(line) + (keep.fragile ? ' · ' + word('fragile') : '');
  $('line').className = 'note ' + line;
}

// Answers {status, body}; status 0 is no answer. `watch` is told how much was sent, from 0 to 1.
function ask(method, path, headers, body, limit, watch) {
  return new Promise(done => {
    const asked = new XMLHttpRequest();
    asked.open(method, path);
    asked.timeout = limit;
    Object.keys(headers).forEach(name => asked.setRequestHeader(name, headers[name]));
    if (watch) asked.upload.onprogress = e => { if (e.lengthComputable) watch(e.loaded / e.total); };
    asked.onloadend = () => done({ status: asked.status, body: asked.responseText });
    asked.send(body);
  });
}

const bearer = () => ({ Authorization: 'Bearer ' + token });

function parsed(text) {
  try { return JSON.parse(text); } catch (_) { return {}; }
}

// One attempt at being connected: with the token from before, or else with the secret that was scanned.
async function connect() {
  if (token) {
    const answer = await ask('GET', '/state', bearer(), null, ASK_TIMEOUT);
    if (answer.status === 200) {
      bytesMax = parsed(answer.body).bytes_max || Infinity;
      secret = null;
      return setLine('ready');
    }
    if (answer.status !== 401) return setLine('lost');
    await saveToken(null);
  }
  // Why a code was refused stays on the page until another is scanned.
  if (!secret) return setLine(['connecting', 'ready', 'lost'].indexOf(line) < 0 ? line : 'over');
  const answer = await ask('POST', '/pair', {}, secret, ASK_TIMEOUT);
  if (answer.status === 200) {
    secret = null;
    await saveToken(answer.body);
    return connect();
  }
  if (answer.status !== 403) return setLine('lost');
  secret = null;
  const why = parsed(answer.body).why;
  setLine(['wrong', 'expired', 'taken', 'guessed', 'old'].indexOf(why) < 0 ? 'over' : why);
}

// Does all that can be done now, and comes back later for the rest. Called whenever anything may have changed.
async function work() {
  if (busy) { askedAgain = true; return; }
  busy = true;
  clearTimeout(timer);
  do {
    askedAgain = false;
    try { await connect(); if (line === 'ready') await sendAll(); } catch (_) { setLine('lost'); }
  } while (askedAgain);
  busy = false;
  if (line === 'lost' || (line === 'ready' && waiting().length)) {
    timer = setTimeout(work, wait);
    wait = Math.min(wait * 2, RETRY_LAST);
  } else {
    wait = RETRY_FIRST;
  }
}

// What the person does, and a line that is back, is reason not to wait any longer.
function workNow() {
  wait = RETRY_FIRST;
  return work();
}

// --- Photos ----------------------------------------------------------------------------------------------------------

// A shot: {id, state, part, verdict, row, thumb}. States: kept, sending, looking; then taken, again, bad; trouble is kept.
let shots = [], received = 0;
const waiting = () => shots.filter(shot => ['kept', 'sending', 'looking', 'trouble'].indexOf(shot.state) >= 0);

async function sendAll() {
  for (const shot of waiting()) {
    if (line !== 'ready') return;
    await send(shot);
  }
}

async function send(shot) {
  const photo = await keptPhoto(shot.id);
  if (!photo) return settle(shot, 'bad', { say: word('unreadable') });
  setState(shot, 'sending');
  const headers = Object.assign({ 'X-Photo': shot.id.slice(-32), 'Content-Type': 'application/octet-stream' }, bearer());
  const answer = await ask('POST', '/photo', headers, photo.bytes, SEND_TIMEOUT, part => {
    shot.part = part;
    setState(shot, part < 1 ? 'sending' : 'looking');
  });
  const verdict = parsed(answer.body);
  if (answer.status === 200) return settle(shot, verdict.state, verdict);
  if (answer.status === 413) return settle(shot, 'bad', { say: word('large') });
  if (verdict.state === 'trouble') {
    shot.verdict = verdict;
    return setState(shot, 'trouble');
  }
  setState(shot, 'kept');
  // The next attempt asks where the pairing stands before it sends.
  setLine('lost');
  if (answer.status === 401) askedAgain = true;
}

// The computer has answered for it: the phone need not keep it any more.
async function settle(shot, state, verdict) {
  shot.verdict = verdict;
  if (state === 'taken') received += 1;
  setState(shot, state);
  await forgetPhoto(shot.id);
}

function setState(shot, state) {
  shot.state = state;
  show(shot);
  showCount();
}

// Kept in the order of taking: the time first, then 128 random bits, by which the computer knows a photo sent twice.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, byte => ('0' + byte.toString(16)).slice(-2)).join('');
  return ('00000000000000' + Date.now()).slice(-14) + '-' + hex;
}

function bytesOf(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsArrayBuffer(file);
  });
}

// One after the other, so that never more than one photo is in memory.
async function take(input) {
  const files = Array.from(input.files);
  input.value = '';
  for (const file of files) {
    const shot = addShot(newId());
    if (file.size > bytesMax) {
      settle(shot, 'bad', { say: word('large') });
      continue;
    }
    try {
      const bytes = await bytesOf(file);
      await keepPhoto({ id: shot.id, type: file.type, bytes: bytes });
      setState(shot, 'kept');
      workNow();
      await picture(shot, new Blob([bytes], { type: file.type }));
    } catch (_) {
      settle(shot, 'bad', { say: word('unreadable') });
    }
  }
}

// --- What is seen ------------------------------------------------------------------------------------------------------

function element(parent, tag, kind) {
  const made = document.createElement(tag);
  made.className = kind;
  parent.appendChild(made);
  return made;
}

// A row of its own, the newest on top.
function addShot(id) {
  const row = document.createElement('li');
  const shot = { id: id, state: 'storing', part: 0, verdict: null, row: row, thumb: element(row, 'canvas', 'thumb') };
  shot.thumb.width = THUMB;
  shot.thumb.height = THUMB * 1.28;
  shot.text = element(row, 'div', '');
  $('shots').insertBefore(row, $('shots').firstChild);
  shots.push(shot);
  const old = shots.filter(known => known.verdict && waiting().indexOf(known) < 0);
  if (shots.length > ROWS_MAX && old.length) {
    shots.splice(shots.indexOf(old[0]), 1);
    old[0].row.remove();
  }
  show(shot);
  return shot;
}

// The picture is drawn small at once, so that no large one stays in memory.
function picture(shot, blob) {
  return new Promise(done => {
    const address = URL.createObjectURL(blob);
    const image = new Image();
    image.onload = image.onerror = () => {
      const to = shot.thumb, scale = Math.max(to.width / image.width, to.height / image.height);
      if (image.width) {
        const width = image.width * scale, height = image.height * scale;
        to.getContext('2d').drawImage(image, (to.width - width) / 2, (to.height - height) / 2, width, height);
      }
      URL.revokeObjectURL(address);
      done();
    };
    image.src = address;
  });
}

function show(shot) {
  const said = shot.verdict || {}, state = shot.state;
  const done = state === 'taken' || state === 'again' || state === 'bad' || state === 'trouble';
  shot.row.className = 'shot ' + (state === 'trouble' ? 'kept' : state);
  shot.text.textContent = '';
  const add = (kind, text) => { if (text) element(shot.text, 'p', kind).textContent = text; };
  add('verdict', word(done ? 'is_' + state : state === 'storing' ? 'sending' : state));
  if (state === 'sending') {
    const bar = element(shot.text, 'progress', '');
    bar.max = 1;
    bar.value = shot.part;
  }
  if (state === 'taken') {
    add('read', said.code ? word('code')(said.code) : word('no_code'));
    add('read', said.amount && word('amount')(said.amount));
    add(said.sharp === 'good' ? '' : 'care', said.sharp === 'good' ? word('sharp') : said.sharp && '⚠ ' + said.sharp);
    add('care', said.seen && '⚠ ' + said.seen);
  }
  if (done) add('', said.say);
}

function showCount() {
  const left = waiting().length, parts = [];
  if (received) parts.push(word('received')(received));
  if (left) parts.push(word('waiting')(left));
  $('count').textContent = parts.join(' · ');
}

// --- Start -------------------------------------------------------------------------------------------------------------

function scanned() {
  const found = /^#([0-9a-f]{32})$/.exec(location.hash);
  if (!found) return;
  secret = found[1];
  // Out of the address, so that nobody passes it on with the page.
  history.replaceState(null, '', location.pathname);
  workNow();
}

async function start() {
  // iPhones make a JPEG of what they take when the page does not ask for every kind of picture;
  // some Android programs open nothing unless it does.
  if (/iPhone|iPad|iPod/.test(navigator.userAgent)) {
    ['camera', 'album'].forEach(id => { $(id).accept = 'image/jpeg,image/png,image/webp'; });
  }
  ['camera', 'album'].forEach(id => $(id).addEventListener('change', () => take($(id))));
  $('language').addEventListener('click', () => {
    language = language === 'zh' ? 'en' : 'zh';
    remember('language', language);
    speak();
  });
  $('line').addEventListener('click', workNow);
  window.addEventListener('online', workNow);
  window.addEventListener('hashchange', scanned);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) workNow(); });
  speak();
  await openKeep();
  token = await loadToken();
  for (const id of await keptIds()) {
    const shot = addShot(id);
    setState(shot, 'kept');
    const photo = await keptPhoto(id);
    await picture(shot, new Blob([photo.bytes], { type: photo.type }));
  }
  scanned();
  workNow();
}

start();
