// What makes the page answer to the pointer. No '<' and no '&' in it: the page is well-formed XML, too.
#pragma once

namespace chipmap {

inline constexpr const char* kPageStyle = R"(
body { margin: 0; background: #eceff2; font: 14px/1.45 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; color: #1b1f24; }
main { max-width: 1400px; margin: 16px auto; padding: 0 16px; }
svg { width: 100%; height: auto; display: block; border-radius: 8px; box-shadow: 0 1px 4px #0003; }
#tip { position: fixed; max-width: 420px; padding: 8px 12px; background: #1b1f24; color: #f1f4f7; border-radius: 6px;
  box-shadow: 0 2px 8px #0006; pointer-events: none; font-size: 13px; overflow-wrap: anywhere; }
#tip b { font-size: 14px; }
#tip div { color: #c4cad0; }
)";

inline constexpr const char* kPageScript = R"(
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const svg = document.querySelector('svg');
const tip = document.getElementById('tip');

// Runs of equal units, one by one.
function unfold(runs) {
  const units = [];
  for (const [content, owner, count] of runs) {
    for (let i = 0; i !== count; ++i) units.push([content, owner]);
  }
  return units;
}
const units = unfold(data.units);
const unitsBefore = data.unitsBefore ? unfold(data.unitsBefore) : null;

function shape(tag, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  svg.appendChild(element);
  return element;
}
const marks = data.panels.map(() => shape('path', {fill: '#1b1f24', 'fill-opacity': 0.3, 'pointer-events': 'none'}));
const cursors = data.panels.map(() => shape('path',
  {fill: 'none', stroke: '#1b1f24', 'stroke-width': 2.5, 'pointer-events': 'none'}));

const hex = n => '0x' + n.toString(16).padStart(8, '0');
const kib = n => n >= 1048576 ? (n / 1048576).toFixed(1) + ' MiB' : n >= 1024 ? +(n / 1024).toFixed(1) + ' KiB' : n + ' B';
const times = n => n === 1 ? 'once' : n.toLocaleString('en').replaceAll(',', ' ') + ' times';

// The rectangles that a stretch of the chip covers in a panel, as a path.
function path([x, y], from, length) {
  const rowBytes = data.columns * data.cell;
  let text = '';
  for (let at = from - data.offset, end = at + length; end > at;) {
    const column = at % rowBytes;
    const piece = Math.min(rowBytes - column, end - at);
    const scale = data.pitch / data.cell;
    text += `M${x + column * scale} ${y + Math.floor(at / rowBytes) * data.pitch}h${piece * scale}v${data.pitch}h${-piece * scale}z`;
    at += piece;
  }
  return text;
}

function sectorAt(offset) {
  return data.sectors.find(([start, size]) => offset >= start ? start + size > offset : false);
}

function cellAt(event) {
  const box = svg.getBoundingClientRect();
  const scale = svg.viewBox.baseVal.width / box.width;
  const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
  for (const [left, top] of data.panels) {
    const column = Math.floor((x - left) / data.pitch), row = Math.floor((y - top) / data.pitch);
    const cell = row * data.columns + column;
    const inside = column >= 0 ? data.columns > column ? row >= 0 : false : false;
    if (inside ? data.size / data.cell > cell : false) {
      const within = Math.floor(((x - left) / data.pitch - column) * data.cell / data.unit) * data.unit;
      return {cell: data.offset + cell * data.cell, at: data.offset + cell * data.cell + within};
    }
  }
  return null;
}

// What lies in a stretch, the largest part first: [text, bytes].
function parts(list, owners, from, length) {
  const sizes = new Map();
  for (let at = from - data.offset; from - data.offset + length > at; at += data.unit) {
    const key = list[at / data.unit].join();
    sizes.set(key, (sizes.get(key) || 0) + data.unit);
  }
  return [...sizes].sort((a, b) => b[1] - a[1]).map(([key, bytes]) => {
    const [content, owner] = key.split(',').map(Number);
    const [name, size] = owners[owner];
    const kind = data.contents[content];
    return [name ? `${name} (${kind}${size ? ', ' + kib(size) + ' in all' : ''})` : kind, bytes];
  });
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  tip.appendChild(element);
}

function describe({cell, at}) {
  const [start, size, wear, added] = sectorAt(cell);
  tip.replaceChildren();
  line('b', `Sector ${hex(start)}, ${kib(size)}`);
  if (data.hasWear) {
    line('div', `erased ${wear ? times(wear) : 'never'}, ${+(100 * wear / data.endurance).toPrecision(2)} % of its endurance`);
  }
  if (added !== undefined) line('div', `in this run: ${added ? times(added) : 'not erased'}`);
  if (size > data.cell) line('div', `block ${hex(cell)} of it:`);
  const from = size > data.cell ? cell : start, length = size > data.cell ? data.cell : size;
  if (data.changes) {
    const digits = new Set(data.changes.substr((from - data.offset) / data.unit, length / data.unit));
    line('div', [...digits].map(digit => data.changeNames[digit]).join(', '));
  }
  for (const [text, bytes] of parts(units, data.owners, from, length)) {
    line('div', (data.changes ? 'now ' : '') + text + (length === bytes ? '' : ': ' + kib(bytes) + ' here'));
  }
  if (unitsBefore) {
    for (const [text] of parts(unitsBefore, data.ownersBefore, from, length)) line('div', 'before ' + text);
  }
}

function place(event) {
  tip.hidden = false;
  const right = event.clientX + 18 + tip.offsetWidth > innerWidth;
  const low = event.clientY + 18 + tip.offsetHeight > innerHeight;
  tip.style.left = Math.max(4, right ? event.clientX - 18 - tip.offsetWidth : event.clientX + 18) + 'px';
  tip.style.top = Math.max(4, low ? event.clientY - 18 - tip.offsetHeight : event.clientY + 18) + 'px';
}

// Everything else of the file under the pointer is shaded.
function markOwner(at) {
  const owner = units[(at - data.offset) / data.unit][1];
  data.panels.forEach((panel, i) => {
    let text = '';
    if (owner) {
      for (let begin = 0; units.length > begin;) {
        let end = begin + 1;
        while (units.length > end ? units[end][1] === units[begin][1] : false) ++end;
        if (units[begin][1] === owner) text += path(panel, data.offset + begin * data.unit, (end - begin) * data.unit);
        begin = end;
      }
    }
    marks[i].setAttribute('d', text);
  });
}

let shown = null;
svg.addEventListener('pointermove', event => {
  const found = cellAt(event);
  if (!found) return hide();
  if (found.at !== shown) {
    shown = found.at;
    describe(found);
    markOwner(found.at);
    const [start, size] = sectorAt(found.cell);
    cursors.forEach((cursor, i) => cursor.setAttribute('d', path(data.panels[i], start, size)));
  }
  place(event);
});
function hide() {
  shown = null;
  tip.hidden = true;
  for (const element of [...marks, ...cursors]) element.setAttribute('d', '');
}
svg.addEventListener('pointerleave', hide);
)";

}  // namespace chipmap
