// Warns five minutes before the session ends, in every tab alike; at the end, hides the page and offers to come
// back. The server alone decides: this only counts as it does.
"use strict";

(() => {
  const dialog = document.getElementById("session-end");
  if (!dialog || !dialog.showModal) return;
  const WARNING = 5 * 60;
  const KEY = "session-activity";
  const END = "session-end";
  const idle = Number(dialog.dataset.idle);
  let unsent = null;
  let told = "";
  let dismissed = false;
  let shown = "";

  const now = () => Date.now() / 1000;
  const active = () => {
    localStorage.setItem(KEY, String(now()));
  };
  // Another tab may have signed in anew since this page was opened.
  const endsIn = (seconds) => localStorage.setItem(END, String(now() + Number(seconds)));
  const absoluteEnd = () => Number(localStorage.getItem(END));
  const idleEnd = () => Number(localStorage.getItem(KEY) || now()) + idle;
  const part = (name) => dialog.querySelector(`[data-session="${name}"]`);

  function show(name, title) {
    ["idle", "absolute", "over"].forEach((each) => {
      part(each).hidden = each !== name;
    });
    dialog.querySelector("h2").textContent = title;
    dialog.classList.toggle("console-session--over", name === "over");
    if (dialog.open && shown !== name) part(name).querySelector("button").focus();
    shown = name;
    if (!dialog.open) {
      dialog.showModal();
    }
  }

  // « 5 minutes », then « 30 secondes »: a screen reader hears each change, not each second.
  function inWords(seconds) {
    if (seconds > 60) return `${Math.ceil(seconds / 60)}\u00a0minutes`;
    return seconds > 30 ? "une minute" : "30\u00a0secondes";
  }

  function tick() {
    const atIdle = idleEnd() <= absoluteEnd();
    const left = Math.min(idleEnd(), absoluteEnd()) - now();
    if (left <= 0) {
      over();
      return;
    }
    if (left > WARNING || (dismissed && !atIdle)) {
      if (dialog.open) dialog.close();
      return;
    }
    show(atIdle ? "idle" : "absolute", "Votre session va se fermer");
    const words = inWords(left);
    dialog.querySelectorAll("[data-session-left]").forEach((element) => {
      element.textContent = words;
    });
    if (words !== told) {
      told = words;
      dialog.querySelector("[data-session-told]").textContent = `Fin de la session dans ${words}.`;
    }
  }

  function over() {
    dialog.querySelector("[data-session-unsent]").hidden = !unsent;
    dialog.querySelector("[data-session-nothing]").hidden = Boolean(unsent);
    show("over", "Votre session a pris fin");
  }

  // What was typed is sent: the server keeps it for whoever signs in again as the same agent.
  function again() {
    if (unsent && unsent.isConnected) {
      dialog.close();
      unsent.submit();
    } else {
      window.location.reload();
    }
  }

  async function extend(event) {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (!answer.ok) {
      over();
      return;
    }
    endsIn((await answer.json()).left);
    active();
    dialog.close();
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && form.method === "post" && !dialog.contains(form)) unsent = form;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const headers = event.detail.requestConfig ? event.detail.requestConfig.headers : {};
    if (event.detail.successful && !headers["X-Automatic"]) active();
  });
  dialog.addEventListener("cancel", (event) => {
    if (!part("over").hidden) event.preventDefault();
    else if (part("idle").hidden) dismissed = true;
    else dialog.querySelector("[data-session-extend]").requestSubmit();
  });
  dialog.querySelector("[data-session-extend]").addEventListener("submit", extend);
  dialog.querySelector("[data-session-again]").addEventListener("click", again);
  dialog.querySelector("[data-session-close]").addEventListener("click", () => {
    dismissed = true;
    dialog.close();
  });

  endsIn(dialog.dataset.left);
  active();
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) tick();
  });
  window.setInterval(tick, 1000);
})();
