// Buttons that copy the text of an element, and say so; absent where the browser cannot.
"use strict";

(() => {
  if (!navigator.clipboard) return;

  const reveal = (root) => {
    root.querySelectorAll("[data-copy]").forEach((button) => {
      button.hidden = false;
    });
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    window.setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });

  document.addEventListener("htmx:afterSettle", (event) => reveal(event.detail.elt));
  reveal(document);
})();
