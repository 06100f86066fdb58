// The editor's page: saves and shows the preview while one types. Everything here can be done by the buttons too.
"use strict";
(() => {
  const SAVE_AFTER_MS = 3000;
  const PREVIEW_AFTER_MS = 600;
  const form = document.getElementById("editor");
  const body = document.getElementById("body");
  const saved = document.getElementById("saved");
  const preview = document.getElementById("preview");
  const version = form.elements.namedItem("version");
  const file = form.elements.namedItem("file");
  let saveTimer = 0, previewTimer = 0, changes = 0, savedChanges = 0, saving = null;

  const fields = () => {
    const data = new FormData(form);
    data.delete("file");
    return new URLSearchParams(data);
  };
  const post = (address, accept) =>
    fetch(address, { method: "POST", body: fields(), headers: { accept }, redirect: "error", credentials: "same-origin" });
  const tell = (words, wrong) => {
    saved.textContent = words;
    saved.classList.toggle("flag", wrong);
  };

  async function save() {
    clearTimeout(saveTimer);
    if (savedChanges === changes) return;
    if (saving) return saving;
    const sending = changes;
    tell(form.dataset.saving, false);
    saving = post(form.getAttribute("action"), "application/json").then(async (answer) => {
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.message);
      // In an older window what is written goes on being kept aside.
      if (told.version !== null) version.value = told.version;
      savedChanges = sending;
      tell(told.said, told.version === null);
    }).catch((error) => {
      tell(error instanceof TypeError || !error.message ? form.dataset.unsaved : error.message, true);
    }).finally(() => {
      saving = null;
      if (savedChanges !== changes) saveTimer = setTimeout(save, SAVE_AFTER_MS);
    });
    return saving;
  }

  async function show() {
    const shown = changes;
    const answer = await post(form.dataset.preview, "text/html").catch(() => null);
    if (!answer || !answer.ok || shown !== changes) return;
    const phone = preview.querySelector(".phone");
    const scrolled = phone ? phone.scrollTop : 0;
    // Made by the server, which lets nothing through that could act.
    preview.innerHTML = await answer.text();
    const again = preview.querySelector(".phone");
    if (again) again.scrollTop = scrolled;
  }

  function changed(event) {
    if (event && event.target === file) return;
    changes += 1;
    clearTimeout(saveTimer);
    clearTimeout(previewTimer);
    saveTimer = setTimeout(save, SAVE_AFTER_MS);
    previewTimer = setTimeout(show, PREVIEW_AFTER_MS);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  file.addEventListener("change", () => {
    if (file.files.length > 0) form.requestSubmit(document.getElementById("upload"));
  });
  // A form that is sent while a save is under way must carry the version that this save makes.
  let sendingBy = null;
  form.addEventListener("submit", (event) => {
    if (!saving || sendingBy) return;
    event.preventDefault();
    sendingBy = event.submitter;
    saving.finally(() => form.requestSubmit(sendingBy));
  });
  form.addEventListener("submit", () => { if (!saving) savedChanges = changes; });
  addEventListener("beforeunload", (event) => {
    if (savedChanges !== changes) event.preventDefault();
  });

  const tools = form.querySelector(".tools");
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const { mark, around, insert } = event.target.dataset;
    const { selectionStart: from, selectionEnd: to, value } = body;
    const lineStart = value.lastIndexOf("\n", from - 1) + 1;
    const chosen = value.slice(from, to);
    body.focus();
    if (mark) {
      const lines = value.slice(lineStart, to).split("\n").map((line) => mark + line).join("\n");
      body.setRangeText(lines, lineStart, to, "end");
    } else if (around) {
      body.setRangeText(around + chosen + around, from, to, "end");
      if (!chosen) body.selectionStart = body.selectionEnd = from + around.length;
    } else if (insert) {
      const before = value.slice(0, from);
      const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
      body.setRangeText(`${gap}${insert}\n`, from, to, "end");
    } else return;
    changed();
  });
})();
