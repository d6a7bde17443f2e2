// Tiles: making them from data, and moving the focus among them with the arrow keys.

export const monthName = (month) => {
  if (!month) return "Without a date";
  const [year, number] = month.split("-").map(Number);
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(Date.UTC(year, number - 1));
};

const dayName = (date) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(date));


const SVG = "http://www.w3.org/2000/svg";
const icon = (path) => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};

const badge = (kind, words, path) => {
  const mark = document.createElement("span");
  mark.className = `badge ${kind}`;
  const text = document.createElement("span");
  text.className = "unseen";
  text.textContent = words;
  mark.append(icon(path), text);
  return mark;
};

export function tile(item, list) {
  const element = document.createElement("li");
  element.className = "tile";
  element.dataset.id = item.id;
  const aspect = item.width && item.height ? Math.min(3, Math.max(0.4, item.width / item.height)) : 1.5;
  element.style.setProperty("--a", aspect.toFixed(3));
  if (item.color) element.style.setProperty("--c", item.color);
  const link = document.createElement("a");
  link.href = `/photos/${encodeURIComponent(item.id)}${list ? `?in=${encodeURIComponent(list)}` : ""}`;
  const words = item.alt.trim().replace(/\s+/g, " ") || (item.date ? `${item.kind === "video" ? "Video" : "Photo"} of ${dayName(item.date)}` : "Photo without a caption");
  const image = document.createElement("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.width = item.width || 320;
  image.height = item.height || 240;
  image.alt = words;
  image.src = `/thumbnails/${encodeURIComponent(item.id)}?v=${item.version}`;
  link.append(image);
  if (item.kind === "video") link.append(badge("film", "Video", "M8 5.5v13l10.5-6.5z"));
  if (item.gone) link.append(badge("gone", "Gone on Facebook", "M4 4l16 16M9.5 5H18.5A2.5 2.5 0 0 1 21 7.5v9M3 7.5v9A2.5 2.5 0 0 0 5.5 19h11"));
  element.append(link);
  return element;
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

// True when the key moved the focus to another tile.
export function moveFocus(key) {
  if (!key.startsWith("Arrow")) return false;
  const links = [...document.querySelectorAll(".tile a, .cards a, .faces a")];
  if (!links.length) return false;
  const here = links.indexOf(document.activeElement);
  if (here < 0) {
    if (key === "ArrowUp" || key === "ArrowDown") return false;
    const seen = links.find((link) => link.getBoundingClientRect().top > 60);
    seen?.focus();
    return Boolean(seen);
  }
  const target = key in STEPS ? links[here + STEPS[key]] : across(links, here, key === "ArrowDown" ? 1 : -1);
  if (!target) return false;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
  return true;
}

function across(links, here, direction) {
  const from = links[here].getBoundingClientRect();
  const middle = (from.left + from.right) / 2;
  let best = null;
  let distance = Infinity;
  let row = null;
  for (let at = here + direction; links[at]; at += direction) {
    const box = links[at].getBoundingClientRect();
    if (Math.abs(box.top - from.top) < 4) continue;
    if (row === null) row = box.top;
    if (Math.abs(box.top - row) > 4) break;
    const off = Math.abs((box.left + box.right) / 2 - middle);
    if (off < distance) [best, distance] = [links[at], off];
  }
  return best;
}
