// Logging in to Facebook again: a code that is typed in elsewhere, or a pasted token.

const room = document.querySelector("[data-relogin]");
const base = `/api/v1/accounts/${encodeURIComponent(room.dataset.relogin)}`;
const post = (address, value) => fetch(address, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value),
});
const tell = (of, text) => { room.querySelector(`output[data-of=${of}]`).textContent = text; };
const lines = (answer) => `Done. ${answer.lines.join(". ")}.`;

const shown = room.querySelector(".code");
const show = (state) => {
  shown.hidden = state.state !== "waiting";
  if (state.state === "waiting") {
    const link = shown.querySelector("a");
    // Only ever an address of the web: the text comes from outside.
    link.textContent = state.address;
    if (/^https:\/\//.test(state.address)) link.href = state.address;
    shown.querySelector("strong").textContent = state.code;
    tell("code", `Waiting for you, for ${Math.ceil(state.seconds / 60)} minutes more.`);
    setTimeout(look, 3000);
  } else if (state.state === "done") {
    tell("code", lines(state));
  } else if (state.state === "failed") {
    tell("code", state.error);
  }
};
const look = async () => {
  const answer = await fetch(`${base}/code`).catch(() => null);
  if (answer?.ok) show(await answer.json());
  else setTimeout(look, 3000);
};

room.querySelector("[data-do=code]").addEventListener("click", async () => {
  tell("code", "Asking Facebook …");
  const answer = await post(`${base}/code`, {});
  const state = await answer.json();
  if (answer.ok) show(state);
  else tell("code", state.error);
});

const form = room.querySelector("form");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  tell("token", "Asking Facebook …");
  const answer = await post(`${base}/token`, { token: form.elements.token.value });
  const found = await answer.json();
  form.reset();
  tell("token", answer.ok ? lines(found) : found.error);
});
for (const button of room.querySelectorAll("button")) button.disabled = false;
