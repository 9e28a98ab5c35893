// What every page of the console does in the browser. All of it is comfort: pages work without.
"use strict";

// Tell assistive technologies what a fragment brought: the text of its [data-announce] elements.
function announce(text) {
  const region = document.getElementById("announcements");
  if (region && text) {
    region.textContent = "";
    window.setTimeout(() => {
      region.textContent = text;
    }, 50);
  }
}

document.addEventListener("htmx:afterSettle", (event) => {
  const fragment = event.detail.elt;
  const told = [...fragment.querySelectorAll("[data-announce]")];
  if (fragment.matches("[data-announce]")) told.unshift(fragment);
  announce(told.map((element) => element.dataset.announce || element.textContent.trim()).join(" "));
});

// A fragment that does not come back is said, on screen and to screen readers.
function complain(text) {
  const messages = document.getElementById("messages");
  const alert = document.createElement("div");
  const sentence = document.createElement("p");
  alert.className = "fr-alert fr-alert--sm fr-alert--error";
  alert.dataset.failure = "";
  sentence.textContent = text;
  alert.append(sentence);
  messages.replaceChildren(...messages.querySelectorAll(":scope > :not([data-failure])"), alert);
}

document.addEventListener("htmx:sendError", () => {
  complain("La console ne répond pas. Vérifiez votre connexion, puis réessayez.");
});

document.addEventListener("htmx:responseError", (event) => {
  const gone = [403, 404].includes(event.detail.xhr.status);
  complain(
    gone
      ? "Cette page n’est plus disponible. Rechargez-la pour continuer."
      : "Une erreur est survenue : la page n’a pas pu être mise à jour. Réessayez dans un instant.",
  );
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.shouldSwap) document.querySelectorAll("[data-failure]").forEach((alert) => alert.remove());
});

// A form sends once, however often its button is pressed; later it can again (downloads stay on the page).
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  window.setTimeout(() => form.removeAttribute("data-sent"), 5000);
});
