// What every page shares: the search box, keys, and the parts that only some pages need.

import { moveFocus } from "./grid.js";

document.documentElement.classList.add("js");

const page = document.body.classList;
if (page.contains("photo")) import("./viewer.js");
if (document.querySelector("[data-relogin]")) import("./relogin.js");
if (document.querySelector("[data-world]")) import("./world.js");

let lastTop = 0;
let quiet = 0;
addEventListener("scroll", () => {
  page.toggle("scrolled", scrollY > 8);
  if (Math.abs(scrollY - lastTop) > 400) {
    lastTop = scrollY;
    page.add("moving");
  }
  clearTimeout(quiet);
  quiet = setTimeout(() => page.remove("moving"), 1600);
}, { passive: true });

// Remembers where a photo was opened from, so that Esc leads back to the same spot.
addEventListener("click", (event) => {
  const link = event.target.closest?.(".tile a");
  if (link && !page.contains("photo")) sessionStorage.setItem("from", location.href);
});
addEventListener("pageshow", (event) => {
  const last = sessionStorage.getItem("last");
  if (page.contains("photo") || !last) return;
  sessionStorage.removeItem("last");
  const link = document.querySelector(`.tile[data-id="${CSS.escape(last)}"] a`);
  if (!link || !event.persisted) return;
  link.scrollIntoView({ block: "nearest" });
  link.focus({ preventScroll: true });
});

const find = document.getElementById("q");

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, textarea, select, video");
  if (event.key === "/" && !typing && find) {
    event.preventDefault();
    find.focus();
    find.select();
  } else if (event.key === "Escape" && typing === find && find) {
    find.blur();
  } else if (event.key === "Escape" && !typing && !page.contains("photo")) {
    document.querySelector("a[rel=up]")?.click();
  } else if (!typing && !page.contains("photo") && moveFocus(event.key)) {
    event.preventDefault();
  }
});

// Suggestions: a list below the box, steered with the arrow keys.
if (find) {
  const list = document.createElement("ul");
  list.className = "ideas";
  list.id = "ideas";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  find.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-controls", "ideas"], ["aria-expanded", "false"], ["aria-autocomplete", "list"]]) {
    find.setAttribute(name, value);
  }
  let chosen = -1;
  let waiting = 0;
  const show = (open) => {
    list.hidden = !open;
    find.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  };
  const choose = (index) => {
    chosen = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    const item = list.children[index];
    if (item) find.setAttribute("aria-activedescendant", item.id);
    else find.removeAttribute("aria-activedescendant");
  };
  const take = (item) => {
    find.value = `${find.value.replace(/\S*$/, "")}${item.dataset.filter} `;
    show(false);
    find.form.requestSubmit();
  };
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const text = find.value;
      if (text.trim().length < 2) return show(false);
      const answer = await fetch(`/api/v1/suggest?q=${encodeURIComponent(text)}`);
      if (!answer.ok || find.value !== text) return undefined;
      const { suggestions } = await answer.json();
      list.replaceChildren(...suggestions.map((one, index) => {
        const item = document.createElement("li");
        item.id = `idea${index}`;
        item.setAttribute("role", "option");
        item.dataset.filter = one.filter;
        const name = document.createElement("span");
        name.dir = "auto";
        name.textContent = one.name;
        const kind = document.createElement("small");
        kind.textContent = one.kind;
        item.append(name, kind);
        item.addEventListener("pointerdown", (pressed) => {
          pressed.preventDefault();
          take(item);
        });
        return item;
      }));
      return show(suggestions.length > 0);
    }, 120);
  });
  find.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const count = list.children.length;
    if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen + count - 1) % count);
    else if (event.key === "Escape") show(false);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else return;
    event.preventDefault();
  });
  find.addEventListener("blur", () => show(false));
}
