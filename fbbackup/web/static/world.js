// The map: buttons, wheel and dragging change the part of the drawing that is seen.

const box = document.querySelector("[data-world]");
const svg = box.querySelector("svg");
const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
const circles = [...svg.querySelectorAll("circle")].map((circle) => ({ circle, r: Number(circle.getAttribute("r")) }));
const CLOSEST = 24;

let zoom = 1;
let x = width / 2;
let y = height / 2;

function show() {
  const [w, h] = [width / zoom, height / zoom];
  x = Math.min(width - w / 2, Math.max(w / 2, x));
  y = Math.min(height - h / 2, Math.max(h / 2, y));
  svg.setAttribute("viewBox", `${x - w / 2} ${y - h / 2} ${w} ${h}`);
  for (const { circle, r } of circles) circle.setAttribute("r", r / zoom ** 0.85);
  box.classList.toggle("moved", zoom > 1);
  svg.style.touchAction = zoom > 1 ? "none" : "";
}

function closer(factor, at = null) {
  const was = zoom;
  zoom = Math.min(CLOSEST, Math.max(1, zoom * factor));
  if (at) {
    const seen = svg.getBoundingClientRect();
    const dx = ((at.clientX - seen.left) / seen.width - 0.5) * width;
    const dy = ((at.clientY - seen.top) / seen.height - 0.5) * height;
    x += dx / was - dx / zoom;
    y += dy / was - dy / zoom;
  }
  show();
}

box.querySelector(".zoom").hidden = false;
box.querySelector("[data-zoom=in]").addEventListener("click", () => closer(1.8));
box.querySelector("[data-zoom=out]").addEventListener("click", () => closer(1 / 1.8));
svg.addEventListener("wheel", (event) => {
  if (zoom === 1 && event.deltaY > 0) return;
  event.preventDefault();
  closer(Math.exp(-event.deltaY / 400), event);
}, { passive: false });
svg.addEventListener("dblclick", (event) => closer(2.2, event));

let held = null;
svg.addEventListener("pointerdown", (event) => {
  if (zoom > 1) held = { px: event.clientX, py: event.clientY, x, y, moved: false };
});
addEventListener("pointermove", (event) => {
  if (!held) return;
  const seen = svg.getBoundingClientRect();
  const [dx, dy] = [event.clientX - held.px, event.clientY - held.py];
  held.moved ||= Math.hypot(dx, dy) > 5;
  x = held.x - (dx / seen.width) * (width / zoom);
  y = held.y - (dy / seen.height) * (height / zoom);
  show();
});
addEventListener("pointerup", () => { setTimeout(() => { held = null; }); });
svg.addEventListener("click", (event) => { if (held?.moved) event.preventDefault(); }, true);
