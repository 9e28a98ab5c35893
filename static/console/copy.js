// Buttons that copy the text of an element, and say so; absent where the browser cannot.
"use strict";

(() => {
  if (!navigator.clipboard) return;
  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const label = button.dataset.label || button.textContent;
      button.dataset.label = label;
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.copied;
      announce(button.dataset.copied);
      window.setTimeout(() => {
        button.textContent = label;
      }, 2000);
    });
  });
})();
