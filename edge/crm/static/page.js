// Calls as they arrive. The server sends, at /live, counters and the events that are the truth of
// their calls; a row stands for a call_id and only a higher sequence may change it. Whatever came
// from a telephone line enters the page as text, never as markup.
"use strict";

const MOST_ROWS = 200;
const COUNTERS = ["calls", "received", "stored", "duplicates", "rejected"];
const COLUMNS = [
  "direction", "started", "extension", "line", "number", "name",
  "ring", "talk", "outcome", "legs", "device",
];
const WORDS = {
  en: {
    title: "Payvand reference CRM", other: "فارسی", live: "live", waiting: "connecting…",
    empty: "No calls yet. They appear here as they arrive.",
    calls: "Calls", received: "Events received", stored: "Distinct", duplicates: "Duplicates",
    rejected: "Rejected", order: "Misbehaving to order:", test: "test", hidden: "via",
    direction: "Direction", started: "Started", extension: "Extension", line: "Line",
    number: "Number", name: "Name", ring: "Ring", talk: "Talk", outcome: "Outcome", legs: "Legs",
    device: "Box / device", transferred: "transferred",
    incoming: "incoming", outgoing: "outgoing", internal: "internal",
    answered: "answered", missed: "missed", busy: "busy", failed: "failed",
    unanswered: "unanswered", unknown: "unknown", ringing: "ringing", talking: "talking",
    withheld: "withheld", unavailable: "unavailable", masked: "masked", short: "short number",
    unreliable: "unreliable", unparsed: "not understood",
    counted: "{seen} calls seen, {here} here", lacking: "missing:",
  },
  fa: {
    title: "پیوند: سی‌آر‌ام مرجع", other: "English", live: "برقرار", waiting: "در حال اتصال…",
    empty: "هنوز تماسی نرسیده است. تماس‌ها هنگام رسیدن این‌جا دیده می‌شوند.",
    calls: "تماس‌ها", received: "رویدادهای رسیده", stored: "یکتا", duplicates: "تکراری",
    rejected: "ردشده", order: "بدرفتاری به دستور:", test: "آزمایشی", hidden: "از راه",
    direction: "جهت", started: "شروع", extension: "داخلی", line: "خط",
    number: "شماره", name: "نام", ring: "زنگ", talk: "مکالمه", outcome: "نتیجه", legs: "بخش‌ها",
    device: "جعبه / دستگاه", transferred: "منتقل‌شده",
    incoming: "ورودی", outgoing: "خروجی", internal: "داخلی به داخلی",
    answered: "پاسخ داده شد", missed: "از دست رفته", busy: "اشغال", failed: "ناموفق",
    unanswered: "بی‌پاسخ", unknown: "نامعلوم", ringing: "در حال زنگ", talking: "در حال مکالمه",
    withheld: "پنهان", unavailable: "در دسترس نیست", masked: "پوشیده", short: "شماره کوتاه",
    unreliable: "نامطمئن", unparsed: "خوانده نشد",
    counted: "{seen} تماس دیده شد، {here} این‌جاست", lacking: "نرسیده:",
  },
};
const ARROWS = {
  incoming: "M19 5 6 18M6 8v10h10",
  outgoing: "M5 19 18 6M8 6h10v10",
  internal: "M4 8h15l-4-4M20 16H5l4 4",
};

const preferred = localStorage.getItem("language") ?? navigator.language;
let language = preferred.startsWith("fa") ? "fa" : "en";
let news = null; // the last message
const calls = new Map(); // call_id -> {event, row}

const word = (name) => WORDS[language][name] ?? name;
const byId = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Digits in the page's script; the rest of a number or code stays as it is.
function digits(text) {
  if (language === "en") return String(text);
  return String(text).replace(/[0-9]/g, (digit) => String.fromCharCode(0x6f0 + Number(digit)));
}

function count(number) {
  return new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en").format(number);
}

function duration(seconds) {
  if (seconds === null) return null;
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (seconds >= 3600) parts.unshift(Math.floor(seconds / 3600));
  return digits(parts.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":"));
}

// In the browser's zone; in Persian by the Jalali calendar.
function moment(text, seconds) {
  if (text === null) return null;
  const locale = language === "fa" ? "fa-IR-u-ca-persian" : "en-GB";
  const when = new Date(text);
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (seconds) clock.second = "2-digit";
  const made = element("time");
  made.dateTime = text;
  made.title = when.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" });
  made.append(
    element("b", when.toLocaleTimeString(locale, clock)),
    element("small", when.toLocaleDateString(locale, day)),
  );
  return made;
}

// Numbers and codes read from left to right in both languages.
function code(text) {
  return text === null ? null : element("bdi", digits(text), "code");
}

function arrow(direction) {
  const made = element("span", null, `arrow ${direction}`);
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", word(direction));
  made.title = word(direction);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ARROWS[direction]);
  svg.append(path);
  made.append(svg);
  return made;
}

function number(call) {
  if (call.number !== null) return code(call.number);
  const made = element("span");
  if (call.number_raw) made.append(code(call.number_raw));
  const spoken = !["ok", "extension", null].includes(call.number_status);
  if (spoken) made.append(element("small", word(call.number_status)));
  return made.childNodes.length ? made : null;
}

function outcome(call) {
  const what = call.outcome ?? (call.answered_at === null ? "ringing" : "talking");
  const made = element("span");
  made.append(element("span", word(what), `badge ${what}`));
  if (call.test) made.append(element("span", word("test"), "badge test"));
  return made;
}

function legs(call) {
  const list = element("ol", null, "parts");
  for (const leg of call.legs) {
    const item = element("li");
    item.append(code(leg.extension ?? "?"));
    for (const part of [duration(leg.ring_seconds), duration(leg.talk_seconds)])
      item.append(element("small", part ?? "–"));
    if (leg.condition) item.append(element("small", leg.condition));
    if (leg.transferred) item.append(element("small", word("transferred")));
    list.append(item);
  }
  if (call.hidden_extensions.length) {
    const item = element("li");
    item.append(element("small", word("hidden")), code(call.hidden_extensions.join(" ")));
    list.append(item);
  }
  return list.childNodes.length ? list : null;
}

function device(source) {
  const [, , box, key] = source.split("/");
  const made = element("span");
  made.append(element("bdi", box));
  if (key) made.append(element("small", key));
  return made;
}

function cells(event) {
  const call = event.data;
  return {
    direction: arrow(call.direction),
    started: moment(call.started_at, call.time_resolution === "second"),
    extension: code(call.extension),
    line: code(call.line),
    number: number(call),
    name: call.name === null ? null : element("bdi", call.name),
    ring: code(duration(call.ring_seconds)),
    talk: code(duration(call.talk_seconds)),
    outcome: outcome(call),
    legs: legs(call),
    device: device(event.source),
  };
}

function draw(row, event) {
  const parts = cells(event);
  row.replaceChildren(...COLUMNS.map((column) => {
    const cell = element("td", parts[column] ? null : "–", column);
    cell.dataset.label = word(column);
    if (parts[column]) cell.append(parts[column]);
    else cell.classList.add("none");
    return cell;
  }));
}

function newer(event, old) {
  if (event.id.split("-")[0] !== old.id.split("-")[0]) return true;
  return BigInt(event.sequence) > BigInt(old.sequence);
}

function take(event) {
  const known = calls.get(event.data.call_id);
  if (known && !newer(event, known.event)) return;
  const row = known?.row ?? element("tr");
  calls.set(event.data.call_id, { event, row });
  draw(row, event);
  if (!known) byId("calls").prepend(row);
  if (news.first) return;
  row.classList.remove("fresh");
  void row.offsetWidth; // so that the animation starts again
  row.classList.add("fresh");
}

function forgetOldest() {
  const body = byId("calls");
  while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
  for (const [id, { row }] of calls) if (!row.isConnected) calls.delete(id);
}

// A date without a time; in Persian by the Jalali calendar.
function date(text) {
  const locale = language === "fa" ? "fa-IR-u-ca-persian" : "en-GB";
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "UTC" };
  const made = element("time", new Date(text).toLocaleDateString(locale, parts));
  made.dateTime = text;
  return made;
}

function receipt({ branch, day, seen, here, missing }) {
  const made = element("li", null, missing.length || seen !== here ? "lacking" : "");
  const words = word("counted").replace("{seen}", count(seen)).replace("{here}", count(here));
  made.append(element("bdi", branch), date(day), element("b", words));
  if (!missing.length) return made;
  const spans = missing.map(([first, last]) => (first === last ? first : `${first}–${last}`));
  made.append(element("small", word("lacking")), code(spans.slice(0, 20).join(" ")));
  return made;
}

function drawNews() {
  if (news === null) return;
  byId("counters").replaceChildren(...COUNTERS.map((name) => {
    const made = element("div", null, name);
    if (news.stats[name] > 0) made.classList.add("some");
    made.append(element("dt", word(name)), element("dd", count(news.stats[name])));
    return made;
  }));
  const { mode, requests } = news.order;
  byId("order").hidden = mode === "none";
  byId("order").textContent = `${word("order")} ${mode}${requests ? ` × ${count(requests)}` : ""}`;
  byId("receipts").hidden = !news.receipts.length;
  byId("receipts").replaceChildren(...news.receipts.map(receipt));
  byId("empty").hidden = calls.size > 0;
}

function drawAll() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "fa" ? "rtl" : "ltr";
  document.title = word("title");
  for (const made of document.querySelectorAll("[data-word]"))
    made.textContent = word(made.dataset.word);
  byId("language").textContent = word("other");
  byId("head").replaceChildren(...COLUMNS.map((column) => element("th", word(column), column)));
  for (const { event, row } of calls.values()) draw(row, event);
  drawNews();
}

function show(state) {
  byId("link").className = `link ${state}`;
  byId("link").lastElementChild.dataset.word = state;
  byId("link").lastElementChild.textContent = word(state);
}

byId("language").addEventListener("click", () => {
  language = language === "en" ? "fa" : "en";
  localStorage.setItem("language", language);
  drawAll();
});

show("waiting");
drawAll();
const stream = new EventSource("live");
stream.onopen = () => show("live");
stream.onerror = () => show("waiting");
stream.onmessage = (message) => {
  const first = news === null; // what was there already does not light up
  news = { ...JSON.parse(message.data), first };
  news.events.forEach(take);
  forgetOldest();
  drawNews();
};
