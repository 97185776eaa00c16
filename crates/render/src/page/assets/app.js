// What clicks and keys do.

function choose(key, hasFocus) {
  chosen = key;
  const box = boxes.get(key);
  for (const element of diagram.querySelectorAll('.box')) {
    const isChosen = element.dataset.key === key;
    element.classList.toggle('chosen', isChosen);
    element.setAttribute('tabindex', isChosen ? 0 : -1);
    if (isChosen && hasFocus) element.focus({ preventScroll: true });
  }
  showPanel(box);
  if (box) showUp(key);
}

// Draws after a change, and keeps to a box that is still there.
function changed(key, words, hasFocus) {
  draw(boxes.has(chosen) ? chosen : key);
  choose(boxes.has(key) ? key : boxes.keys().next().value, hasFocus);
  const isFull = boxes.size >= MOST ? `; ${MOST} boxes are shown, the rest is folded` : '';
  tell(words + isFull);
}

function toggle(box, way) {
  const what = way === 'up' ? ['referrer', 'referrers'] : ['referent', 'referents'];
  if (hiddenCount(box, way) > 0) {
    const count = expand(box, way);
    changed(box.key, `${counted(count, ...what)} of ${nameOf(box)} shown`, true);
  } else if (below(box, way).some((other) => !other.isKept)) {
    const count = collapse(box, way);
    changed(box.key, `${counted(count, 'object')} hidden`, true);
  } else {
    tell(`${nameOf(box)} has no more ${what[1]} in this file`);
  }
}

function unfoldOrFold(box) {
  if (!isSingle(box)) {
    const first = box.members.find((id) => data.nodes[id].count === 1);
    const count = unfold(box);
    if (count > 0) changed(`n${first}`, `${counted(count, 'object')} unfolded`, true);
    else tell(boxes.size >= MOST ? `${MOST} boxes are shown; hide some first` : `These ${grouped(countOf(box))} objects are counted, not in this file each`);
    return;
  }
  const group = fold(box);
  if (group) changed(group.key, `${counted(countOf(group), 'object')} folded`, true);
  else tell(`Nothing beside ${nameOf(box)} is alike`);
}

function showPath(box) {
  if (!isSingle(box)) { tell('Unfold the group first, and choose one object'); return; }
  const way = pathToRoot(nodeOf(box).id);
  if (!way) { tell(`No root in this file leads to ${nameOf(box)}`); return; }
  for (const id of way.order.slice().reverse()) reveal(id);
  paint(way);
  changed(boxOf.get(nodeOf(box).id), `Path to ${nameOf(box)}: ${way.order.map((id) => data.nodes[id].root || data.nodes[id].type).join(', ')}`, true);
  fit();
}

function goTo(id) {
  const box = reveal(id);
  changed(box.key, `${nameOf(box)} shown`, true);
}

function start() {
  restart();
  chosen = [...boxes.values()].find((box) => box.members.some((id) => data.nodes[id].isStart))?.key || boxes.keys().next().value;
  draw();
  fit();
  const inFile = data.nodes.reduce((sum, node) => sum + (node.count === 1 ? 1 : 0), 0);
  showPanel(boxes.get(chosen));
  tell(boxes.size === 0 ? 'Nothing to show' : `${counted(boxes.size, 'box', 'boxes')} shown of ${counted(inFile, 'object')} in this file`);
}

// The nearest box along a reference, or in the same row.
function walk(key, direction) {
  const here = scene.shapes.get(key);
  const near = (shapes) => shapes.filter(Boolean).sort((a, b) => Math.hypot(a.x - here.x, a.y - here.y) - Math.hypot(b.x - here.x, b.y - here.y))[0];
  if (direction === 'ArrowUp') return near(scene.lines.filter((line) => line.target === key && line.source !== key).map((line) => scene.shapes.get(line.source)));
  if (direction === 'ArrowDown') return near(scene.lines.filter((line) => line.source === key && line.target !== key).map((line) => scene.shapes.get(line.target)));
  const isRight = direction === 'ArrowRight';
  return near([...scene.shapes.values()].filter((shape) => Math.abs(shape.y - here.y) < 30 && (isRight ? shape.x > here.x : shape.x < here.x)));
}

function showKeys(isShown) {
  document.getElementById('keys').hidden = !isShown;
  document.getElementById('help').setAttribute('aria-expanded', String(isShown));
}

const ACTS = {
  up: (box) => toggle(box, 'up'),
  down: (box) => toggle(box, 'down'),
  path: showPath,
  fold: unfoldOrFold,
  unfold: unfoldOrFold,
};

const BOX_KEYS = {
  r: ACTS.up,
  f: ACTS.down,
  u: unfoldOrFold,
  p: showPath,
  Enter: (box) => (isSingle(box) ? toggle(box, ASKED) : unfoldOrFold(box)),
};

const KEYS = {
  '/': () => search.focus(),
  '+': () => zoom(1.25),
  '=': () => zoom(1.25),
  '-': () => zoom(0.8),
  0: fit,
  Home: start,
  '?': () => showKeys(document.getElementById('keys').hidden),
  Escape: () => {
    showKeys(false);
    paintChain();
    changed(chosen, 'The path that was asked for is painted', true);
  },
};

document.addEventListener('keydown', (event) => {
  if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = boxes.get(chosen);
  const isOnBox = event.target.closest?.('.box');
  if (isOnBox && event.key.startsWith('Arrow')) {
    const next = walk(chosen, event.key);
    if (next) { choose(next.box.key, true); tell(spoken(next.box)); } else tell('Nothing is shown that way');
  } else if (box && BOX_KEYS[event.key] && (isOnBox || event.key !== 'Enter')) BOX_KEYS[event.key](box);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

search.addEventListener('input', listFound);
search.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') stepFound(1);
  else if (event.key === 'ArrowUp') stepFound(-1);
  else if (event.key === 'Escape') {
    search.value = '';
    closeFound();
    choose(chosen, true);
  } else if (event.key === 'Enter') {
    const option = found.querySelector('[aria-selected="true"]');
    if (!option) return;
    closeFound();
    goTo(Number(option.dataset.reveal));
  } else return;
  event.preventDefault();
});

document.addEventListener('click', (event) => {
  const target = event.target.closest('[data-reveal], [data-act], .box');
  if (!target) return;
  if (target.dataset.reveal !== undefined) { closeFound(); goTo(Number(target.dataset.reveal)); return; }
  if (target.dataset.act) { ACTS[target.dataset.act](boxes.get(chosen)); return; }
  const box = boxes.get(target.dataset.key);
  const handle = event.target.closest('.handle');
  if (handle) toggle(box, handle.dataset.way);
  else if (!isSingle(box) && chosen === box.key) unfoldOrFold(box);
  else { choose(box.key, true); tell(spoken(box)); }
});

let drag = null;
diagram.addEventListener('pointerdown', (event) => {
  if (event.button === 0 && !event.target.closest('.box')) drag = { x: event.clientX - view.x, y: event.clientY - view.y };
});
addEventListener('pointermove', (event) => {
  if (!drag) return;
  view.x = event.clientX - drag.x;
  view.y = event.clientY - drag.y;
  diagram.classList.add('dragged');
  place();
});
addEventListener('pointerup', () => {
  drag = null;
  diagram.classList.remove('dragged');
});
diagram.addEventListener('wheel', (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY);
}, { passive: false });

for (const [id, act] of [
  ['zoom-in', () => zoom(1.25)], ['zoom-out', () => zoom(0.8)], ['fit', fit], ['restart', start], ['help', KEYS['?']],
  ['save-svg', saveSvg], ['save-png', savePng], ['save-dot', saveDot],
]) document.getElementById(id).addEventListener('click', act);

start();
performance.mark('refroots first view');
