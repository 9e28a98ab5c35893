// Recovery codes, shown once: to print, or to save as a text file made here.
"use strict";

(() => {
  const acts = document.querySelector("[data-codes]");
  if (!acts) return;
  const codes = [...document.querySelectorAll("#codes li")].map((code) => code.textContent.trim());
  const text = ["Administration des comptes : codes de secours", "Chacun sert une fois.", "", ...codes, ""];
  const file = new Blob([text.join("\r\n")], { type: "text/plain;charset=utf-8" });
  acts.querySelector("[data-codes-save]").href = URL.createObjectURL(file);
  acts.querySelector("[data-codes-print]").addEventListener("click", () => window.print());
  acts.hidden = false;
})();
