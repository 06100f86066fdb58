// What the address asks for moves for ten seconds, a step a frame; the title says when, and how many frames there were.
const back = (n, span) => { n %= 2 * span; return n < span ? n : 2 * span - n; };
const steps = {
  '#scroll': n => { document.getElementById('month').scrollTop = 10 * back(n, 60); },
  '#pan': n => place(1, -200 - 10 * back(n, 40), -200 - 10 * back(n, 40)),
  '#zoom': n => { const zoom = 0.185 * Math.pow(1.1, back(n, 25)); place(zoom, 700 - 1500 * zoom, 370 - 2000 * zoom); },
};
function place(zoom, x, y) {
  document.getElementById('scan').style.transform = `translate(${x}px,${y}px) scale(${zoom})`;
}
const step = steps[location.hash];
if (location.pathname.endsWith('scan.html')) { place(0.185, 600, 0); }
if (step) {
  setTimeout(() => {
    document.title = 'moving';
    const begun = performance.now();
    let frames = 0;
    (function next() {
      step(frames++);
      if (performance.now() - begun < 10000) { requestAnimationFrame(next); } else { document.title = `${frames} frames`; }
    })();
  }, 3000);
}
