/**
 * What the numbers of a stress report mean, each in a sentence.
 */
import type { Section } from '../page.ts';

export const STRESS_GLOSSARY: Section = {
  title: 'What the numbers mean',
  blocks: [
    {
      kind: 'definitions',
      entries: [
        [
          'open loop',
          'Requests are planned at a rate, whatever the service does, as independent users would.',
        ],
        [
          'closed loop',
          'Each connection sends its next request only when it was answered, so a slow service gets fewer.',
        ],
        [
          'response time',
          'From the planned moment to the end of the answer. Timeouts and requests that were never answered count at their age.',
        ],
        ['service time', 'From the sending to the end of the answer.'],
        [
          'lag',
          'From the planned moment to the sending: waiting for a free connection, and the generator’s own lateness.',
        ],
        [
          'ok per second',
          'Answers with a right status (2xx and 304, or what was expected) and the right body, where it is known, within the measured time.',
        ],
        [
          'errors',
          'Planned requests that ended as HTTP error, wrong answer, socket error, timeout, unanswered or dropped, as a share of the planned.',
        ],
        [
          'unanswered',
          'Planned requests that found no connection within the timeout, or were still open when the wait after the end was over.',
        ],
        [
          'outage',
          'A second or more without a good answer while requests were open, and ten times longer than answers and arrivals usually lie apart.',
        ],
        ['dropped', 'Planned requests that found no connection and no room to wait.'],
        [
          'p99',
          'One request in a hundred was slower. Known to one part in a thousand; never below the true value.',
        ],
        [
          'sustained',
          'The highest rate that held the thresholds in the search and again through a longer soak.',
        ],
        ['breaking point', 'The lowest rate that failed, two times of three.'],
        [
          'recovered',
          'From the fault to the start of the first second without failures at nine tenths of the rate before.',
        ],
        [
          'too noisy',
          'Other work on the machine took the generator’s processor: the times are not those of the service.',
        ],
        [
          'generator-bound',
          'The generator was the bottleneck, not the service: the figures are a lower bound.',
        ],
      ],
    },
  ],
};
