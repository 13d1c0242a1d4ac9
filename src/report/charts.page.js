// Draws the charts of a report: carried inside every page, after uPlot, and run by the browser.
// A page that lives sends the event `charts` with other drawings when its body has changed.
(() => {
  let drawings = JSON.parse(document.getElementById('drawings').textContent);
  let places = [...document.querySelectorAll('[data-chart]')];
  // What is folded is open without this script, and where there is room.
  if (matchMedia('(max-width: 40rem)').matches)
    for (const folded of document.querySelectorAll('details.folded')) folded.open = false;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const short = (value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    if (size >= 1e9) return `${+(value / 1e9).toPrecision(4)}G`;
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(4)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toPrecision(4)}k`;
    return String(+value.toPrecision(4));
  };
  // A log axis names its decades and leaves the ticks between them bare.
  const isDecade = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;

  const scaleOf = (axis, margin = 0) => {
    const scale = { time: axis.scale === 'date' };
    if (axis.scale === 'log') scale.distr = 3;
    if (axis.range) scale.range = () => axis.range;
    else if (margin > 0) scale.range = (_, least, most) => [least - margin, most + margin];
    return scale;
  };

  // Bars stand around their x: half a step of room on both sides keeps the outer ones whole.
  const marginOf = ({ series, data: [xs] }) =>
    xs.length > 1 && series.some(({ style }) => style === 'bars') ? (xs[1] - xs[0]) / 2 : 0;

  // What is read by its height, as all that is filled, has an axis that starts at zero.
  const heightScaleOf = ({ y, series, limits = [] }) => {
    const isFilled = series.some(({ style }) => style === 'bars' || style === 'area');
    if (!(isFilled || y.fromZero) || y.range || y.scale === 'log') return scaleOf(y);
    return {
      ...scaleOf(y),
      range: (_, least, most) => {
        // A limit that lies just above is what it is compared with.
        const near = limits.map(({ at }) => at).filter((at) => y.fromZero && at <= 1.5 * most);
        return [
          Math.min(0, least * 1.05),
          Math.max(0, most * 1.05, ...near.map((at) => at * 1.1)) || 1,
        ];
      },
    };
  };

  const dayText = (seconds, step) =>
    seconds === null
      ? ''
      : new Date(seconds * 1000).toISOString().slice(...(step < 2_000_000 ? [5, 10] : [0, 7]));

  const axisOf = (axis, side) => ({
    label: axis.label,
    stroke: colour('--faint'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 20,
    ...(side === 'y' ? { size: 58 } : { size: 34 }),
    ...(axis.scale === 'date'
      ? { values: (_, splits, __, ___, step) => splits.map((seconds) => dayText(seconds, step)) }
      : {
          values: (_, splits) =>
            splits.map((value) =>
              value === null || (axis.scale === 'log' && !isDecade(value)) ? '' : short(value),
            ),
        }),
  });

  const seriesOf = ({ label, style, tone, colour: place }, ys, { hasGaps, y }) => {
    const spanGaps = !hasGaps;
    const stroke = colour(tone ? `--${tone}` : `--c${place % 6}`);
    // What lies on the floor of a log axis is zero.
    const show = (_, value) => (value === y.floor ? '0' : short(value));
    const series = { label, stroke, width: 2, spanGaps, value: show };
    // A line needs two ends: what was measured once is a point.
    const isLone = ys.filter((value) => value !== null).length === 1;
    series.points = { show: isLone, size: 7, width: 1, fill: stroke, stroke };
    if (style === 'dashed') series.dash = [6, 5];
    if (style === 'area') series.fill = `${stroke}33`;
    if (style === 'step') series.paths = uPlot.paths.stepped({ align: 1 });
    if (style === 'bars') {
      series.paths = uPlot.paths.bars({ size: [0.85, 60] });
      series.fill = `${stroke}88`;
      series.width = 1;
    }
    if (style === 'points') {
      series.paths = () => null;
      series.points = { show: true, size: 7, width: 1, fill: `${stroke}99`, stroke };
    }
    return series;
  };

  const linesHook = (drawing) => (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.strokeStyle = colour('--ink');
    ctx.fillStyle = colour('--ink');
    const edge = 4 * devicePixelRatio;
    // With a rim of the ground around it a word can be read on a line.
    const write = (label, x, y) => {
      ctx.save();
      ctx.setLineDash([]);
      ctx.lineJoin = 'round';
      ctx.lineWidth = 4 * devicePixelRatio;
      ctx.strokeStyle = colour('--ground');
      ctx.strokeText(label, x, y);
      ctx.fillText(label, x, y);
      ctx.restore();
    };
    (drawing.marks ?? []).forEach(({ at, label }, row) => {
      const x = plot.valToPos(at, 'x', true);
      if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const isRight = x > bbox.left + bbox.width * 0.7;
      ctx.textAlign = isRight ? 'right' : 'left';
      write(
        label,
        x + (isRight ? -edge : edge),
        bbox.top + (14 + 15 * (row % 4)) * devicePixelRatio,
      );
    });
    for (const { at, label } of drawing.limits ?? []) {
      const y = plot.valToPos(at, 'y', true);
      if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      // At that end where the lines leave it more room.
      const length = ctx.measureText(label).width + 2 * edge;
      const roomFrom = (left) => {
        let room = Number.POSITIVE_INFINITY;
        plot.data[0].forEach((value, at) => {
          const x = plot.valToPos(value, 'x', true);
          if (x < left || x > left + length) return;
          for (const ys of plot.data.slice(1))
            if (ys[at] !== null && ys[at] !== undefined)
              room = Math.min(room, Math.abs(plot.valToPos(ys[at], 'y', true) - y));
        });
        return room;
      };
      const isRight = roomFrom(bbox.left) < roomFrom(bbox.left + bbox.width - length);
      ctx.textAlign = isRight ? 'right' : 'left';
      const isAtTop = y < bbox.top + 18 * devicePixelRatio;
      write(
        label,
        isRight ? bbox.left + bbox.width - edge : bbox.left + edge,
        isAtTop ? y + 14 * devicePixelRatio : y - 1.5 * edge,
      );
    }
    ctx.restore();
  };

  // The place of the nearest value of a series, which may lack one just there.
  const nearestKnown = (ys, at) => {
    for (let step = 0; step < ys.length; step++) {
      if (ys[at - step] !== null && ys[at - step] !== undefined) return at - step;
      if (ys[at + step] !== null && ys[at + step] !== undefined) return at + step;
    }
    return null;
  };

  // What the legend says while nothing is pointed at: the values at the first mark, else at the end.
  const restOf = ({ data: [xs, ...ys], marks = [], restAt }) => {
    const wanted = restAt ?? marks[0]?.at;
    let at = xs.length - 1;
    if (wanted !== undefined)
      xs.forEach((x, i) => {
        if (Math.abs(x - wanted) < Math.abs(xs[at] - wanted)) at = i;
      });
    else while (at > 0 && ys.every((column) => column[at] === null)) at--;
    return [at, ...ys.map((column) => nearestKnown(column, at))];
  };

  const drawLines = (place, drawing) => {
    const width = place.clientWidth;
    const rest = restOf(drawing);
    const showRest = (plot) => {
      if (plot.cursor.left < 0) plot.setLegend({ idxs: rest });
    };
    const plot = new uPlot(
      {
        width,
        height: Math.max(220, Math.min(340, Math.round(width * 0.5))),
        scales: { x: scaleOf(drawing.x, marginOf(drawing)), y: heightScaleOf(drawing) },
        axes: [axisOf(drawing.x, 'x'), axisOf(drawing.y, 'y')],
        series: [
          {
            label: drawing.x.label,
            ...(drawing.x.scale === 'date'
              ? { value: '{YYYY}-{MM}-{DD}' }
              : { value: (_, value) => short(value) }),
          },
          ...drawing.series.map((series, i) => seriesOf(series, drawing.data[i + 1], drawing)),
        ],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: {
          drag: { x: true, y: false },
          dataIdx: (plot, series, at) =>
            series === 0 || at === null || drawing.hasGaps
              ? at
              : nearestKnown(plot.data[series], at),
        },
        hooks: { draw: [linesHook(drawing)], ready: [showRest], setCursor: [showRest] },
      },
      drawing.data,
      place,
    );
    return () => plot.destroy();
  };

  const mix = (low, high, share) =>
    `rgb(${low.map((from, i) => Math.round(from + (high[i] - from) * share)).join(',')})`;
  const channels = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

  // Which colour means how much: a strip from the smallest to the largest cell, with numbers below.
  const drawColourScale = (ctx, { left, top, width }, { colourOf, amountOf, unit }) => {
    const steps = 64;
    for (let i = 0; i < steps; i++) {
      ctx.fillStyle = colourOf(i / (steps - 1));
      ctx.fillRect(left + (i * width) / steps, top, width / steps + 0.5, 10);
    }
    ctx.strokeStyle = colour('--line');
    ctx.strokeRect(left, top, width, 10);
    ctx.fillStyle = colour('--faint');
    for (const [share, side] of [
      [0, 'left'],
      [0.5, 'center'],
      [1, 'right'],
    ]) {
      ctx.textAlign = side;
      const value = amountOf(share);
      const text = short(Math.abs(value) >= 100 ? Math.round(value) : +value.toPrecision(2));
      ctx.fillText(share === 1 ? `${text} ${unit}` : text, left + share * width, top + 22);
    }
  };

  const drawHeat = (place, drawing) => {
    const { rows, columns, cells } = drawing;
    const width = place.clientWidth;
    const left = Math.min(width * 0.3, 12 + 7 * Math.max(...rows.map((row) => row.length)));
    const cellWidth = (width - left) / columns.length;
    const cellHeight = Math.max(4, Math.min(24, 360 / rows.length));
    // Half a line of text: the name of the first row stands above its middle.
    const top = 8;
    const bottom = 40;
    const scale = 46;
    const height = top + rows.length * cellHeight + bottom + scale;
    const canvas = document.createElement('canvas');
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.cssText = `width:${width}px;height:${height}px;display:block`;
    const tip = document.createElement('div');
    tip.className = 'heat-tip';
    place.append(canvas, tip);
    const ctx = canvas.getContext('2d');
    ctx.scale(devicePixelRatio, devicePixelRatio);
    ctx.translate(0, top);
    const weight = (value) => (drawing.log ? Math.log1p(Math.max(0, value)) : value);
    const known = cells.filter((value) => value !== null).map(weight);
    const least = drawing.log ? 0 : Math.min(...known);
    const span = Math.max(...known) - least || 1;
    const amountOf = (share) =>
      drawing.log ? Math.expm1(least + share * span) : least + share * span;
    const low = channels(colour('--heat-low'));
    const high = channels(colour('--heat-high'));
    ctx.font = '12px system-ui, sans-serif';
    ctx.textBaseline = 'middle';
    const rowStride = Math.ceil(14 / cellHeight);
    rows.forEach((row, r) => {
      columns.forEach((_, c) => {
        const value = cells[r * columns.length + c];
        if (value === null) return;
        ctx.fillStyle = mix(low, high, (weight(value) - least) / span);
        ctx.fillRect(left + c * cellWidth, r * cellHeight, cellWidth + 0.5, cellHeight + 0.5);
      });
      if (r % rowStride) return;
      ctx.fillStyle = colour('--faint');
      ctx.textAlign = 'right';
      ctx.fillText(row, left - 6, (r + 0.5) * cellHeight, left - 8);
    });
    ctx.fillStyle = colour('--faint');
    ctx.textAlign = 'center';
    const widest = Math.max(...columns.map((column) => ctx.measureText(column).width)) + 8;
    const columnStride = Math.max(1, Math.ceil(widest / cellWidth));
    columns.forEach((column, c) => {
      if (c % columnStride === 0)
        ctx.fillText(column, left + (c + 0.5) * cellWidth, rows.length * cellHeight + 10);
    });
    ctx.fillText(drawing.xLabel, left + (width - left) / 2, rows.length * cellHeight + 28);
    drawColourScale(
      ctx,
      { left, top: rows.length * cellHeight + bottom, width: Math.min(280, width - left - 8) },
      { colourOf: (share) => mix(low, high, share), amountOf, unit: drawing.unit },
    );
    canvas.onmousemove = (event) => {
      const c = Math.floor((event.offsetX - left) / cellWidth);
      const r = Math.floor((event.offsetY - top) / cellHeight);
      const inside = c >= 0 && c < columns.length && r >= 0 && r < rows.length;
      tip.style.display = inside ? 'block' : 'none';
      if (!inside) return;
      tip.textContent = `${rows[r]}, ${columns[c]}: ${short(cells[r * columns.length + c])} ${drawing.unit}`;
      tip.style.left = `${Math.min(event.offsetX + 12, width - tip.offsetWidth)}px`;
      tip.style.top = `${event.offsetY + 14}px`;
    };
    canvas.onmouseleave = () => {
      tip.style.display = 'none';
    };
    return () => {
      canvas.remove();
      tip.remove();
    };
  };

  let erase = [];
  const draw = () => {
    for (const one of erase) one();
    erase = places.map((place) => {
      const drawing = drawings[Number(place.dataset.chart)];
      return drawing.kind === 'heat' ? drawHeat(place, drawing) : drawLines(place, drawing);
    });
  };
  let width = 0;
  const redrawWhenWider = () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    draw();
  };
  redrawWhenWider();
  addEventListener('resize', redrawWhenWider);
  addEventListener('charts', ({ detail }) => {
    drawings = detail;
    places = [...document.querySelectorAll('[data-chart]')];
    draw();
  });
  dark.addEventListener('change', draw);
  addEventListener('beforeprint', draw);
  addEventListener('afterprint', draw);
})();
