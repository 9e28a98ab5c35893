// A second tap within a moment is the first one's: each answer is sent once.
addEventListener("submit", (event) => {
  const form = event.target;
  const now = Date.now();
  if (now - Number(form.dataset.sentAt || 0) < 3000) {
    event.preventDefault();
  } else {
    form.dataset.sentAt = now;
  }
});
