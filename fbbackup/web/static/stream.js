// Long lists of photos: parts are filled while they are near and emptied when they are far, so that a page of a
// million photos stays as light as one of a hundred.

import { monthName, tile } from "./grid.js";

const BATCH = 75;
const PART = 120;
const FEW = 3;
const NEAR = "180% 0px";

const stream = document.querySelector(".stream");
const timeline = Boolean(stream);
const root = stream ?? wrapped(document.querySelector("main > .rows"));
const list = timeline ? "" : root.querySelector(".rows").dataset.list;
const more = document.querySelector(".on a[rel=next]");

function wrapped(rows) {
  const around = document.createElement("div");
  rows.before(around);
  around.append(rows);
  return around;
}

let next = timeline ? root.dataset.next : (more?.dataset.more ?? "");
let first = timeline && root.dataset.above ? root.dataset.first : "";
let busy = false;
let generation = 0;
const parts = [];

const partOf = new WeakMap();
const watch = new IntersectionObserver((entries) => {
  const far = [];
  const near = [];
  for (const entry of entries) {
    const part = partOf.get(entry.target);
    if (part) (entry.isIntersecting ? near : far).push(part);
  }
  // First everything is measured, then everything is changed: in turns each change would lay out the page anew.
  const boxes = far.map((part) => part.element.getBoundingClientRect());
  far.forEach((part, at) => empty(part, boxes[at]));
  near.forEach(fill);
}, { rootMargin: NEAR });

function observe(part) {
  partOf.set(part.element, part);
  watch.observe(part.element);
}

// A part is one section: its tiles stay in `nodes` while it is filled, and come back from `items` later.
function newPart(month, items, { heading = true, before = null } = {}) {
  const element = document.createElement("section");
  element.dataset.month = month;
  const part = { element, month, items, heading, filled: false, full: false };
  if (before) {
    parts.unshift(part);
    before.element.before(element);
  } else {
    parts.push(part);
    root.append(element);
  }
  draw(part);
  observe(part);
  return part;
}

function draw(part) {
  part.few = timeline && part.heading && part.items.length <= FEW && !part.full;
  part.element.className = part.few ? "month few" : "month";
  const rows = document.createElement("ul");
  rows.className = part.full ? "rows full" : "rows";
  rows.append(...part.items.map(tileOf));
  part.element.replaceChildren();
  if (timeline && part.heading) {
    const heading = document.createElement("h2");
    const link = document.createElement("a");
    link.href = `/?at=${part.month || "undated"}`;
    link.textContent = monthName(part.month);
    heading.append(link);
    part.element.append(heading);
  }
  part.element.append(rows);
  part.element.style.height = "";
  part.element.style.width = "";
  part.filled = true;
}

function fill(part) {
  if (!part.filled) draw(part);
}

function empty(part, box) {
  if (!part.filled || part.element.contains(document.activeElement)) return;
  part.element.style.height = `${box.height}px`;
  if (part.few) part.element.style.width = `${box.width}px`;
  part.element.replaceChildren();
  part.filled = false;
}

function byMonth(items) {
  const groups = [];
  for (const item of items) {
    const month = timeline ? (item.date ?? "").slice(0, 7) : "";
    if (groups.at(-1)?.month !== month) groups.push({ month, items: [] });
    groups.at(-1).items.push(item);
  }
  return groups;
}

// The unfinished row at the end is held back until its rest arrives: what is seen never changes its size. Its tiles are
// kept, since a new element would ask for its picture once more.
let held = [];
const kept = new WeakMap();

function tileOf(item) {
  const there = kept.get(item);
  kept.delete(item);
  return there ?? tile(item, list);
}

function append(items) {
  const all = [...held, ...items];
  held = [];
  for (const group of byMonth(all)) {
    const last = parts.at(-1);
    if (last?.month === group.month && last.items.length < PART) {
      last.items.push(...group.items);
      if (last.filled) last.element.querySelector(".rows").append(...group.items.map(tileOf));
      else draw(last);
    } else {
      const goesOn = last?.month === group.month;
      if (goesOn) {
        last.full = true;
        last.element.querySelector(".rows")?.classList.add("full");
        last.element.style.marginBottom = "var(--gap)";
      }
      newPart(group.month, group.items, { heading: !goesOn });
    }
  }
  hold();
}

function hold() {
  const part = parts.at(-1);
  if (!next || !part) return;
  fill(part);
  const tiles = [...part.element.querySelectorAll(".tile")];
  const top = tiles.at(-1).offsetTop;
  const row = tiles.slice(tiles.findLastIndex((one) => Math.abs(one.offsetTop - top) >= 4) + 1);
  if (row.length === tiles.length) {
    if (parts.length === 1) return;
    held = part.items;
    tiles.forEach((one, at) => kept.set(held[at], one));
    watch.unobserve(part.element);
    part.element.remove();
    parts.pop();
  } else {
    row.forEach((one) => one.remove());
    held = part.items.splice(-row.length);
    row.forEach((one, at) => kept.set(held[at], one));
  }
}

function prepend(items) {
  const top = parts[0];
  const height = root.getBoundingClientRect().height;
  for (const group of byMonth(items).reverse()) {
    const below = parts[0];
    const part = newPart(group.month, group.items, { before: below });
    if (below.month === group.month && below.heading) {
      below.heading = false;
      below.element.querySelector("h2")?.remove();
      part.full = true;
      part.element.querySelector(".rows").classList.add("full");
      part.element.style.marginBottom = "var(--gap)";
    }
  }
  return { top, grown: root.getBoundingClientRect().height - height };
}

async function ask(address) {
  const mine = generation;
  const answer = await fetch(address);
  if (answer.status === 401) location.href = "/login";
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const found = await answer.json();
  return mine === generation ? found : null;
}

async function goOn() {
  if (busy || !next) return false;
  busy = true;
  try {
    const found = await ask(`/api/v1/photos?in=${encodeURIComponent(list)}&after=${encodeURIComponent(next)}&limit=${BATCH}`);
    if (!found) return false;
    next = found.next ?? "";
    append(found.items);
    return true;
  } catch (error) {
    // The link to older photos is the way on when a request fails.
    if (more) more.parentElement.hidden = false;
    throw error;
  } finally {
    busy = false;
  }
}

async function goUp({ align = false } = {}) {
  if (busy || !first) return;
  busy = true;
  try {
    const found = await ask(`/api/v1/photos-before?before=${encodeURIComponent(first)}&limit=${BATCH}`);
    if (!found) return;
    first = found.previous ?? "";
    if (!found.items.length) return;
    const at = scrollY;
    const { top, grown } = prepend(found.items);
    if (align) {
      top.element.scrollIntoView({ block: "start", behavior: "instant" });
      return;
    }
    // Where the browser did not keep what is seen in place by itself, it is moved by what was put above.
    if (Math.abs(scrollY - at) < 1) scrollBy({ top: grown, behavior: "instant" });
  } finally {
    busy = false;
  }
}

function look() {
  const below = document.documentElement.scrollHeight - scrollY - innerHeight;
  // Before anybody scrolls, only what the window lacks is asked for: the first screen stays light.
  const ahead = scrollY > 0 ? 3 * innerHeight : 1;
  if (below < ahead) goOn().then((grew) => grew && look());
  else if (first && scrollY < 0.8 * innerHeight) goUp();
  markYear();
}

let asked = false;
const lookSoon = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    look();
  });
};

// The parts that came with the page.
function adopt() {
  const sections = timeline ? root.querySelectorAll(".month") : [];
  for (const element of sections) {
    parts.push({ element, month: element.dataset.month, items: itemsOf(element), heading: true, filled: true, full: false, few: element.classList.contains("few") });
    observe(parts.at(-1));
  }
  if (!timeline) {
    const rows = root.querySelector(":scope > .rows");
    const element = document.createElement("section");
    rows.before(element);
    element.append(rows);
    parts.push({ element, month: "", items: itemsOf(element), heading: false, filled: true, full: false });
    observe(parts.at(-1));
  }
}

function itemsOf(element) {
  return [...element.querySelectorAll(".tile")].map((one) => {
    const image = one.querySelector("img");
    return {
      id: one.dataset.id,
      kind: one.querySelector(".badge:not(.gone)") ? "video" : "photo",
      date: element.dataset.month ? `${element.dataset.month}-01T00:00:00Z` : null,
      width: image ? Number(image.getAttribute("width")) : 0,
      height: image ? Number(image.getAttribute("height")) : 0,
      color: image ? getComputedStyle(one).getPropertyValue("--c").trim() || "#777777" : null,
      alt: image?.alt ?? "",
      gone: Boolean(one.querySelector(".badge.gone")),
      version: image ? new URL(image.src).searchParams.get("v") : "",
    };
  });
}

// The years at the edge.
const scrubber = document.querySelector(".scrubber");
const months = (scrubber?.dataset.months ?? "").trim().split(" ").filter(Boolean).map((one) => {
  const at = one.lastIndexOf(":");
  return { name: one.slice(0, at), photos: Number(one.slice(at + 1)) };
});

function monthAt(y) {
  const links = [...scrubber.querySelectorAll("a")];
  const link = links.find((one) => y < one.parentElement.getBoundingClientRect().bottom) ?? links.at(-1);
  const box = link.parentElement.getBoundingClientRect();
  const inside = months.filter((one) => one.name.startsWith(link.dataset.year));
  const total = inside.reduce((sum, one) => sum + one.photos, 0);
  let left = Math.min(1, Math.max(0, (y - box.top) / box.height)) * total;
  for (const one of inside) {
    left -= one.photos;
    if (left < 0) return one.name;
  }
  return inside.at(-1)?.name ?? link.dataset.year;
}

async function jump(month) {
  generation += 1;
  busy = false;
  held = [];
  const mine = generation;
  const found = await ask(`/api/v1/photos?at=${month}&limit=${BATCH}`);
  if (!found || mine !== generation) return;
  parts.forEach((part) => watch.unobserve(part.element));
  parts.length = 0;
  root.replaceChildren();
  next = found.next ?? "";
  append(found.items);
  const start = found.items[0];
  first = start ? `${start.date ?? ""}~${start.id}` : "";
  scrollTo({ top: 0, behavior: "instant" });
  history.replaceState(null, "", `/?at=${month}`);
  document.querySelector("h1").textContent = monthName(month === "undated" ? "" : month);
  await goUp({ align: true });
  markYear();
}

let marked = null;

function markYear() {
  if (!scrubber) return;
  const part = parts.find((one) => one.element.getBoundingClientRect().bottom > 90);
  const year = part ? part.month.slice(0, 4) || "undated" : "";
  if (year === marked) return;
  marked = year;
  for (const link of scrubber.querySelectorAll("a")) {
    if (link.dataset.year === year) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

if (scrubber) {
  const bubble = scrubber.querySelector(".bubble");
  let month = "";
  const follow = (event) => {
    month = monthAt(event.clientY);
    bubble.textContent = monthName(month === "undated" ? "" : month);
    bubble.style.top = `${Math.max(20, event.clientY - scrubber.getBoundingClientRect().top)}px`;
    bubble.hidden = false;
  };
  scrubber.addEventListener("pointerdown", (event) => {
    scrubber.setPointerCapture(event.pointerId);
    follow(event);
  });
  scrubber.addEventListener("pointermove", follow);
  scrubber.addEventListener("pointerleave", () => { bubble.hidden = true; });
  scrubber.addEventListener("pointerup", () => {
    bubble.hidden = true;
    jump(month);
  });
  scrubber.addEventListener("click", (event) => {
    event.preventDefault();
    // A click without a pointer comes from the keyboard.
    const link = event.target.closest("a");
    if (link && event.detail === 0) jump(months.find((one) => one.name.startsWith(link.dataset.year))?.name ?? link.dataset.year);
  });
  scrubber.addEventListener("dragstart", (event) => event.preventDefault());
}

adopt();
hold();
if (more) more.parentElement.hidden = true;
if (first) goUp({ align: true });
markYear();
addEventListener("scroll", lookSoon, { passive: true });
addEventListener("resize", lookSoon);
addEventListener("keydown", lookSoon);
if (document.documentElement.scrollHeight < 1.2 * innerHeight) look();
