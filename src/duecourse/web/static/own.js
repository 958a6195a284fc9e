// Keys of the desk: a link or a button with data-key is pressed by its letter, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (found) {
    event.preventDefault();
    found.click();
  }
});
