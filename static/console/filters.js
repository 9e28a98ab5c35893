// The filters of a list: how many values each menu holds, and menus that close as one expects.
"use strict";

(() => {
  const menus = () => [...document.querySelectorAll("[data-menu]")];

  function count(menu) {
    const ticked = menu.querySelectorAll("input:checked").length;
    const badge = menu.querySelector("[data-menu-count]");
    if (!badge) return;
    badge.textContent = String(ticked);
    badge.hidden = !ticked;
  }

  document.addEventListener("change", (event) => {
    const menu = event.target.closest("[data-menu]");
    if (menu) count(menu);
  });

  function closeOthers(isLeft) {
    menus()
      .filter((menu) => menu.open && isLeft(menu))
      .forEach((menu) => menu.removeAttribute("open"));
  }

  document.addEventListener("click", ({ target }) => closeOthers((menu) => !menu.contains(target)));
  // Pressing a label first gives the focus to the page around it, which leaves no menu.
  document.addEventListener("focusin", ({ target }) =>
    closeOthers((menu) => !menu.contains(target) && !target.contains(menu)),
  );

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("[data-menu][open]");
    if (!menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  });

  // A link that a swap took away keeps the focus near: on its replacement (htmx, by id), else on the results.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id === "results" && document.activeElement === document.body) {
      event.detail.elt.focus({ preventScroll: true });
    }
  });
})();
