// What a page does beyond plain HTML: it works without all of this.
"use strict";

// A live part that was ended, because this visitor has more of them open than there is room for,
// says so; looked at again, it comes back.
addEventListener("htmx:sse:close", (event) => {
  if (event.detail.reason === "message") {
    for (const note of document.querySelectorAll(".stale")) note.hidden = false;
  }
});
addEventListener("focus", () => {
  const note = document.querySelector(".stale:not([hidden])");
  if (note) location.reload();
});

// A form that was changed is not left by accident.
let changed = false;
addEventListener("input", (event) => { changed ||= Boolean(event.target.form?.matches(".guarded")); });
addEventListener("submit", () => { changed = false; });
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-copy], [data-show]");
  if (!button) return;
  if ("print" in button.dataset) print();
  if (button.dataset.copy) navigator.clipboard?.writeText(button.dataset.copy);
  if (button.dataset.show) {
    const field = document.getElementById(button.dataset.show);
    field.type = field.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(field.type === "text"));
  }
});
