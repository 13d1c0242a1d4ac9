// Asks without leaving the page; without it the form works as any form does.
const form = document.querySelector('form');
const answer = document.getElementById('answer');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  answer.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'text/html' },
      body: new URLSearchParams(new FormData(form)),
    });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = page.getElementById('answer');
    if (!fresh) throw new Error(`the service answered ${response.status}`);
    answer.className = fresh.className;
    answer.innerHTML = fresh.innerHTML;
    for (const fault of form.querySelectorAll('.fault')) fault.remove();
    for (const field of form.elements) field.removeAttribute('aria-invalid');
    for (const fault of page.querySelectorAll('form .fault')) {
      const field = form.elements[fault.dataset.field];
      field?.setAttribute('aria-invalid', 'true');
      field?.after(fault);
    }
    if (answer.getBoundingClientRect().top < 0 || innerWidth < 740)
      answer.scrollIntoView({ behavior: 'smooth', block: 'start' });
  } catch (error) {
    answer.innerHTML = '<h2>No answer</h2><p class="sentence"></p>';
    answer.querySelector('p').textContent =
      `The service could not be reached (${error.message}). Try again in a moment.`;
  } finally {
    answer.removeAttribute('aria-busy');
  }
});
