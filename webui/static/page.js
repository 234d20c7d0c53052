// What a page does beyond plain HTML: it works without all of this.
"use strict";

// A live part that was ended, because this visitor has more of them open than there is room for,
// says so; looked at again, it comes back.
addEventListener("htmx:sse:close", (event) => {
  if (event.detail.reason === "message" && !event.target.closest(".sensed")) {
    tell(".stale");
  }
});
function tell(notes) {
  for (const note of document.querySelectorAll(notes)) note.hidden = false;
}
addEventListener("focus", () => {
  const note = document.querySelector(".stale:not([hidden])");
  if (note) location.reload();
});

// Its session is over: what stands there grows old, and asking again and again helps nobody.
let ended = false;
addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status !== 401) return;
  ended = true;
  tell(".ended");
});
addEventListener("htmx:sse:before:connection", (event) => { if (ended) event.preventDefault(); });

// What was wrong with a form is not true of what is sent now; a download leaves the page as it is.
addEventListener("submit", ({ target }) => {
  for (const note of target.querySelectorAll(".mistake, .gone, .note.bad")) note.remove();
  for (const field of target.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
});

// A form that was changed is not left by accident.
let changed = false;
addEventListener("input", (event) => { changed ||= Boolean(event.target.form?.matches(".guarded")); });
addEventListener("submit", () => { changed = false; });
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-show]");
  if (!button) return;
  if ("print" in button.dataset) print();
  if (button.dataset.show) {
    const field = document.getElementById(button.dataset.show);
    field.type = field.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(field.type === "text"));
  }
});

// The visitor's clock beside the box's, as the page was made a moment ago.
const yours = document.getElementById("yours");
if (yours) {
  const apart = Math.abs(Date.now() / 1000 - Number(yours.dataset.box));
  yours.textContent = apart < 60 ? yours.dataset.same : yours.dataset.differs;
}

// The label's QR code leads here with the code behind #c=, which no server sees.
const code = /^#c=([\w-]+)$/.exec(location.hash)?.[1];
if (code && document.getElementById("code")) document.getElementById("code").value = code;

// The wire: the newest line stays in sight, the oldest go; paused, nothing moves until it goes on.
const wire = document.getElementById("wire");
const pause = document.getElementById("pause");
if (wire && pause) {
  const MOST_LINES = 500;
  const toTheEnd = () => { wire.scrollTop = wire.scrollHeight; };
  toTheEnd();
  wire.addEventListener("htmx:sse:before:message", (event) => {
    if (pause.checked) event.preventDefault();
  });
  wire.addEventListener("htmx:sse:after:message", () => {
    while (wire.children.length > MOST_LINES) wire.firstElementChild.remove();
    toTheEnd();
  });
  pause.addEventListener("change", () => { if (!pause.checked) location.reload(); });
}
