// One photo: turning pages in place, zooming, swiping, the slideshow.

const body = document.body.classList;
const main = document.getElementById("main");
const SECONDS = 4;
const FARTHEST = 8;

let scale = 1;
let x = 0;
let y = 0;
let timer = 0;
let turning = false;
const pages = new Map();

const one = (what) => main.querySelector(what);

function settle() {
  scale = 1;
  x = 0;
  y = 0;
  const frame = one(".frame");
  if (frame?.dataset.width) {
    const [width, height] = [Number(frame.dataset.width), Number(frame.dataset.height)];
    frame.style.setProperty("--a", (width / height).toFixed(4));
    one(".stage").style.setProperty("--a", (width / height).toFixed(4));
    frame.style.setProperty("--w", `${width}px`);
  }
  for (const name of ["play", "full"]) {
    const button = one(`[data-do=${name}]`);
    if (button) button.hidden = name === "full" && !document.fullscreenEnabled;
  }
  one("[data-do=play]")?.setAttribute("aria-pressed", String(body.contains("playing")));
  sessionStorage.setItem("last", one(".viewer").dataset.id);
  for (const link of main.querySelectorAll(".turn")) fetchPage(link.href);
}

function fetchPage(address) {
  if (!pages.has(address)) {
    pages.set(address, (async () => {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const picture = found.querySelector(".frame .full");
      if (picture) new Image().src = picture.getAttribute("src");
      return found;
    })());
    pages.get(address).catch(() => pages.delete(address));
    while (pages.size > 6) pages.delete(pages.keys().next().value);
  }
  return pages.get(address);
}

async function turn(rel) {
  const link = one(`.turn[rel=${rel}]`);
  if (!link || turning) return Boolean(link);
  turning = true;
  try {
    const found = await fetchPage(link.href);
    const scrolled = scrollY;
    main.replaceChildren(...document.importNode(found.getElementById("main"), true).childNodes);
    document.title = found.title;
    history.replaceState(history.state, "", link.href);
    one(".frame")?.classList.add("arriving");
    settle();
    if (scrolled > innerHeight / 2) scrollTo(0, 0);
  } catch {
    location.href = link.href;
  } finally {
    turning = false;
  }
  return true;
}

function leave() {
  stop();
  const from = sessionStorage.getItem("from");
  if (from && history.length > 1) {
    sessionStorage.removeItem("from");
    history.back();
  } else {
    location.href = one("a[rel=up]").href;
  }
}

function play() {
  body.add("playing");
  one("[data-do=play]")?.setAttribute("aria-pressed", "true");
  clearInterval(timer);
  timer = setInterval(async () => {
    if (!document.hidden && !(await turn("next"))) stop();
  }, SECONDS * 1000);
}

function stop() {
  body.remove("playing");
  clearInterval(timer);
  timer = 0;
  one("[data-do=play]")?.setAttribute("aria-pressed", "false");
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

function info() {
  body.toggle("wide");
  localStorage.setItem("info", body.contains("wide") ? "no" : "yes");
}

const doing = { play: () => (timer ? stop() : play()), full, info };

main.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  const link = event.target.closest(".turn");
  const up = event.target.closest("a[rel=up]");
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link) {
    event.preventDefault();
    stop();
    turn(link.rel);
  } else if (up) {
    event.preventDefault();
    leave();
  } else if (button && (button.dataset.do !== "info" || innerWidth > 960)) {
    event.preventDefault();
    doing[button.dataset.do]();
  }
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, video")) return;
  const keys = {
    ArrowRight: () => turn("next"), ArrowLeft: () => turn("prev"),
    Escape: () => (scale > 1 ? zoom(1) : timer ? stop() : leave()),
    s: doing.play, f: full, i: info, d: () => one("a[download]")?.click(), "+": () => zoom(scale * 1.5), "-": () => zoom(scale / 1.5),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key.startsWith("Arrow")) stop();
  act();
});

// Zooming keeps the point under the fingers where it is.
function zoom(to, at = null) {
  const frame = one(".frame");
  if (!frame?.querySelector(".full")) return;
  const was = scale;
  scale = Math.min(FARTHEST, Math.max(1, to));
  if (at) {
    const box = one(".stage").getBoundingClientRect();
    const [dx, dy] = [at.x - box.left - box.width / 2, at.y - box.top - box.height / 2];
    x = dx - (dx - x) * (scale / was);
    y = dy - (dy - y) * (scale / was);
  }
  place();
}

function place() {
  const frame = one(".frame");
  if (scale === 1) [x, y] = [0, 0];
  const limitX = (frame.offsetWidth * scale) / 2;
  const limitY = (frame.offsetHeight * scale) / 2;
  x = Math.min(limitX, Math.max(-limitX, x));
  y = Math.min(limitY, Math.max(-limitY, y));
  frame.style.transform = scale === 1 && !x ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
  body.toggle("zoomed", scale > 1);
}

main.addEventListener("dblclick", (event) => {
  if (event.target.closest(".frame")) zoom(scale > 1 ? 1 : 2.5, { x: event.clientX, y: event.clientY });
});
main.addEventListener("wheel", (event) => {
  if (!event.target.closest(".stage") || event.target.closest("video")) return;
  event.preventDefault();
  zoom(scale * Math.exp(-event.deltaY / 300), { x: event.clientX, y: event.clientY });
}, { passive: false });

const fingers = new Map();
let began = null;
main.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".stage") || event.target.closest("a, button, video")) return;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  began = fingers.size === 1 ? { x: event.clientX, y: event.clientY, left: x, top: y, touch: event.pointerType !== "mouse" } : null;
});
addEventListener("pointermove", (event) => {
  if (!fingers.has(event.pointerId)) return;
  if (fingers.size === 2) {
    const [a, b] = [...fingers.values()];
    const before = Math.hypot(a.x - b.x, a.y - b.y);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const [c, d] = [...fingers.values()];
    zoom((scale * Math.hypot(c.x - d.x, c.y - d.y)) / before, { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 });
  } else if (began && scale > 1) {
    x = began.left + event.clientX - began.x;
    y = began.top + event.clientY - began.y;
    place();
  } else if (began?.touch) {
    one(".frame").style.transform = `translateX(${event.clientX - began.x}px)`;
  }
});
const lift = (event) => {
  if (!fingers.delete(event.pointerId) || !began || scale > 1) return;
  const [dx, dy] = [event.clientX - began.x, event.clientY - began.y];
  const swiped = began.touch && Math.abs(dx) > 60 && Math.abs(dx) > 1.5 * Math.abs(dy);
  began = null;
  const frame = one(".frame");
  if (frame) frame.style.transform = "";
  if (swiped) {
    stop();
    turn(dx < 0 ? "next" : "prev");
  }
};
addEventListener("pointerup", lift);
addEventListener("pointercancel", lift);

// Names beside the photo show their owners in it.
const who = (event, shown) => {
  const name = event.target.closest?.("[data-who]")?.dataset.who;
  if (name) for (const mark of main.querySelectorAll(".mark")) mark.classList.toggle("shown", shown && mark.dataset.name === name);
};
for (const [kind, shown] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
  main.addEventListener(kind, (event) => who(event, shown));
}

if (localStorage.getItem("info") === "no") body.add("wide");
settle();
if (location.hash === "#play") {
  history.replaceState(null, "", location.pathname + location.search);
  play();
}
