// The selection of a list: accounts ticked in this tab, kept while paging, sorting, filtering, reloading.
// Without JavaScript, the boxes of the page are posted as they are.
"use strict";

(() => {
  const SUBMITTED = "selection:submitted";
  const OPERATION = "selection:operation:";
  const number = new Intl.NumberFormat("fr-FR");

  const read = (key) => JSON.parse(sessionStorage.getItem(key) || "null");
  const write = (key, value) => sessionStorage.setItem(key, JSON.stringify(value));
  const selectionOf = (key) => new Set(read(key) || []);

  function keep(key, selected) {
    if (selected.size) write(key, [...selected]);
    else sessionStorage.removeItem(key);
  }

  // An operation page: what was submitted is its own; once confirmed, it leaves the selection.
  function followOperation() {
    const submitted = read(SUBMITTED);
    sessionStorage.removeItem(SUBMITTED);
    const operation = document.querySelector("[data-followed-operation]");
    if (!operation) return;
    const own = OPERATION + operation.dataset.followedOperation;
    if ("isDraft" in operation.dataset) {
      if (submitted) write(own, submitted);
      return;
    }
    const confirmed = read(own);
    if (!confirmed) return;
    const selected = selectionOf(confirmed.key);
    confirmed.accounts.forEach((account) => selected.delete(account));
    keep(confirmed.key, selected);
    sessionStorage.removeItem(own);
  }

  const form = () => document.querySelector("form[data-selection]");
  const boxes = () => [...document.querySelectorAll("#results input[name=account]")];

  function say(text) {
    const count = document.querySelector("[data-selection-count]");
    if (count.textContent !== text) count.textContent = text;
  }

  function sentence(size) {
    if (!size) return "Aucun compte sélectionné";
    return size === 1 ? "1 compte sélectionné" : `${number.format(size)} comptes sélectionnés`;
  }

  function show() {
    if (!form()) return;
    const selected = selectionOf(form().dataset.selection);
    boxes().forEach((box) => {
      box.checked = selected.has(box.value);
    });
    const ticked = boxes().filter((box) => box.checked).length;
    document.querySelectorAll("[data-selection-page]").forEach((box) => {
      box.hidden = false;
      box.checked = ticked > 0 && ticked === boxes().length;
      box.indeterminate = ticked > 0 && ticked < boxes().length;
    });
    document.querySelectorAll("[data-selection-add]").forEach((button) => {
      button.hidden = false;
    });
    const clear = document.querySelector("[data-selection-clear]");
    if (!selected.size && document.activeElement === clear) document.getElementById("results").focus();
    clear.hidden = !selected.size;
    form().toggleAttribute("data-is-ready", true);
    form().toggleAttribute("data-is-selecting", selected.size > 0);
    say(sentence(selected.size));
  }

  function change(edit) {
    const selected = selectionOf(form().dataset.selection);
    edit(selected);
    keep(form().dataset.selection, selected);
    show();
  }

  // What was ticked before this script came is a choice too (no browser ticks by itself: autocomplete="off").
  function takeIn() {
    if (!form()) return;
    const selected = selectionOf(form().dataset.selection);
    boxes()
      .filter((box) => box.checked)
      .forEach((box) => selected.add(box.value));
    keep(form().dataset.selection, selected);
  }

  async function addAll(button) {
    button.disabled = true;
    try {
      const response = await fetch(button.dataset.selectionAdd, { headers: { Accept: "application/json" } });
      if (response.redirected) {
        window.location.reload();
        return;
      }
      const answer = await response.json();
      if (response.ok) change((selected) => answer.accounts.forEach((account) => selected.add(String(account))));
      else say(answer.message);
    } catch {
      say("La sélection n’a pas pu être faite. Réessayez dans un instant.");
    } finally {
      button.disabled = false;
    }
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!form()) return;
    if (box.matches("#results input[name=account]")) {
      change((selected) => (box.checked ? selected.add(box.value) : selected.delete(box.value)));
    } else if (box.matches("[data-selection-page]")) {
      change((selected) =>
        boxes().forEach(({ value }) => (box.checked ? selected.add(value) : selected.delete(value))),
      );
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-selection-add], [data-selection-clear]");
    if (!button) return;
    if ("selectionAdd" in button.dataset) addAll(button);
    else change((selected) => selected.clear());
  });

  // Before anyone else: an empty selection is not sent.
  document.addEventListener(
    "submit",
    (event) => {
      if (event.target !== form()) return;
      const key = form().dataset.selection;
      const accounts = [...selectionOf(key)];
      if (!accounts.length) {
        event.preventDefault();
        say("Cochez au moins un compte.");
        return;
      }
      form().querySelector("[data-selection-field]").value = accounts.join(",");
      write(SUBMITTED, { key, accounts });
    },
    true,
  );

  // An address which ends with #selectionner asks for all that its search finds, once.
  function selectFound() {
    if (window.location.hash !== "#selectionner" || !form()) return;
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    const button = document.querySelector("[data-selection-add]");
    if (button) addAll(button);
  }

  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("htmx:historyRestore", show);
  // Back from the cache of the browser: the page is as it was left, the selection may have moved on.
  window.addEventListener("pageshow", show);
  followOperation();
  takeIn();
  show();
  selectFound();
})();
