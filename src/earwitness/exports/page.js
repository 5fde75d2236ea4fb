"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const [player, file, audio, follow, status] = ["player", "file", "audio", "follow", "status"].map(find);
  const duration = Number(player.dataset.duration);
  const words = [...document.querySelectorAll("span[data-s]")]
    .map((element) => ({ element, start: Number(element.dataset.s) }))
    .sort((one, other) => one.start - other.start);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let lit = null;

  const ready = () => document.body.classList.contains("ready");
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  function choose(recording) {
    if (!recording) return;
    if (audio.src) URL.revokeObjectURL(audio.src);
    audio.src = URL.createObjectURL(recording);
    audio.hidden = follow.parentElement.hidden = false;
    document.body.classList.add("ready");
    document.querySelector(".pick span").textContent = "Another file";
    status.textContent = "";
  }

  function wordAt(time) {
    let [low, high] = [0, words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (words[middle].start <= time) low = middle + 1;
      else high = middle;
    }
    return low ? words[low - 1].element : null;
  }

  function light() {
    const word = wordAt(audio.currentTime + 0.03);
    if (word !== lit) {
      if (lit) lit.classList.remove("now");
      if (word) word.classList.add("now");
      lit = word;
      if (word && follow.checked && !audio.paused) reveal(word);
    }
    if (!audio.paused) requestAnimationFrame(light);
  }

  function reveal(word) {
    const { top, bottom } = word.getBoundingClientRect();
    if (top < 60 || bottom > innerHeight - player.offsetHeight - 60)
      word.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  }

  function play(time) {
    audio.currentTime = time;
    audio.play().catch(() => { status.textContent = "This browser cannot play that file."; });
  }

  document.addEventListener("click", (event) => {
    const spot = event.target.closest("[data-s]");
    const lane = event.target.closest("svg.seek");
    if (lane) {
      const box = lane.getBoundingClientRect();
      const time = ((event.clientX - box.left) / box.width) * duration;
      if (ready()) play(time);
      const word = wordAt(time);
      if (word) word.scrollIntoView({ block: "center" });
    } else if (spot && spot.tagName === "A") {
      if (ready()) play(Number(spot.dataset.s));
    } else if (spot && getSelection().isCollapsed) {
      if (ready()) play(Number(spot.dataset.s));
      else status.textContent = "to hear this word; it stays on this computer.";
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !ready() || event.target.closest("a, button, input, label, audio")) return;
    event.preventDefault();
    if (audio.paused) play(audio.currentTime);
    else audio.pause();
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); player.classList.add("over"); });
  document.addEventListener("dragleave", () => player.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    player.classList.remove("over");
    choose(event.dataTransfer.files[0]);
  });
  file.addEventListener("change", () => choose(file.files[0]));
  audio.addEventListener("play", light);
  audio.addEventListener("seeked", light);
  audio.addEventListener("error", () => { status.textContent = "This browser cannot play that file."; });
  audio.addEventListener("loadedmetadata", () => {
    if (Math.abs(audio.duration - duration) > 2)
      status.textContent = `Is it the right one? It lasts ${clock(audio.duration)}, the transcript ${clock(duration)}.`;
  });
  player.hidden = false;
})();
