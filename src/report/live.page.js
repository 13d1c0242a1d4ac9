// Keeps a page alive: each event brings its body anew, the last one the report that stays when the run is over.
(() => {
  const place = document.getElementById('live');
  const events = new EventSource('events');
  events.addEventListener('page', ({ data }) => {
    const { body, drawings } = JSON.parse(data);
    // The height stays while charts are drawn anew, so that a reader is not thrown to the top.
    place.style.minHeight = `${place.offsetHeight}px`;
    const open = [...place.querySelectorAll('details')].map((element) => element.open);
    place.innerHTML = body;
    [...place.querySelectorAll('details')].forEach((element, i) => {
      element.open = open[i] === true;
    });
    dispatchEvent(new CustomEvent('charts', { detail: drawings }));
    place.style.minHeight = '';
  });
  events.addEventListener('end', ({ data }) => {
    events.close();
    document.open();
    document.write(JSON.parse(data));
    document.close();
  });
  events.onerror = () => {
    events.close();
    const lost = document.createElement('p');
    lost.className = 'warning';
    lost.setAttribute('role', 'alert');
    lost.textContent = 'The run is out of reach: what stands below is the last that came.';
    place.prepend(lost);
  };
})();
