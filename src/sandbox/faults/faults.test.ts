import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SandboxError } from '../sandbox-error.ts';
import { FaultDeck } from './fault-deck.ts';
import { checkFault, parseFault } from './faults.ts';

const rejects = (what: () => unknown, field: string, message: RegExp) =>
  assert.throws(what, (error) => {
    assert.ok(error instanceof SandboxError, String(error));
    assert.equal(error.code, 'sandbox_option_invalid');
    assert.equal(error.field, field);
    assert.match(error.message, message);
    return true;
  });

test('the textual form reads as the object it stands for', () => {
  assert.deepEqual(parseFault('timeout'), { kind: 'timeout' });
  assert.deepEqual(parseFault('500:0.2'), { kind: '500', probability: 0.2 });
  assert.deepEqual(parseFault('500'), { kind: '500' });
  assert.deepEqual(parseFault('tdsp=957877905:empty'), { kind: 'empty', tdsp: '957877905' });
  assert.deepEqual(parseFault('tdsp=oncor:shrunk:share=0.5:times=3'), {
    kind: 'shrunk',
    tdsp: '1039940674000',
    share: 0.5,
    times: 3,
  });
  assert.deepEqual(parseFault('truncated:aborted'), { kind: 'truncated', aborted: true });
  assert.deepEqual(parseFault('latency:ms=300:0.5'), { kind: 'latency', ms: 300, probability: 0.5 });
  assert.deepEqual(parseFault('rate_limit:retry_after_seconds=7'), {
    kind: 'rate_limit',
    retry_after_seconds: 7,
  });
});

test('a text that is not a fault is refused with the part at fault', () => {
  rejects(() => parseFault('503'), 'fault.kind', /expected one of 500, timeout, .*, got "503"/);
  rejects(() => parseFault(''), 'fault.kind', /got ""/);
  rejects(
    () => parseFault('500:often'),
    'fault.probability',
    /expected a number from 0 to 1 .*, got "often"/,
  );
  rejects(() => parseFault('500:'), 'fault.probability', /got ""/);
  rejects(() => parseFault('500:2'), 'fault.probability', /from 0 to 1 .*, got 2/);
  rejects(() => parseFault('latency:300'), 'fault.probability', /a duration is written ms=300/);
  rejects(() => parseFault('latency:ms=soon'), 'fault.ms', /expected a whole number .*, got "soon"/);
  rejects(
    () => parseFault('tdsp=103994067400:empty'),
    'fault.tdsp',
    /expected one of 007923311 .*, got "103994067400"/,
  );
  rejects(() => parseFault('500:ms=3'), 'fault.ms', /takes only tdsp, probability, times/);
  rejects(() => parseFault('500:times=1:times=2'), 'fault.times', /given twice/);
  rejects(() => parseFault('tdsp=ONCOR'), 'fault.kind', /got nothing/);
  rejects(() => parseFault('500:timeout'), 'fault.probability', /"timeout"/);
});

test('an object is checked as strictly as a text', () => {
  assert.deepEqual(checkFault({ kind: 'cents', share: 0.1 }), { kind: 'cents', share: 0.1 });
  rejects(() => checkFault({ kind: 'cents', share: '0.1' }), 'fault.share', /got "0.1"/);
  rejects(() => checkFault({ kind: 'cents', times: 1.5 }), 'fault.times', /whole number/);
  rejects(() => checkFault({ kind: 'truncated', aborted: 1 }), 'fault.aborted', /true or false/);
  rejects(() => checkFault({ kind: 'rate_limit', retry_after: 'a\nb' }), 'fault.retry_after', /ASCII/);
  rejects(() => checkFault({ kind: 'gzip_bomb', mib: 0 }), 'fault.mib', /from 1 to 4096/);
  rejects(() => checkFault({ kind: 'toString' }), 'fault.kind', /got "toString"/);
  rejects(() => checkFault(null), 'fault', /expected an object, or a text/);
});

const anyCall = { tdsp: '957877905', isPlanList: true };

test('`times` ends a fault after the first n calls it applies to', () => {
  const deck = new FaultDeck(1);
  deck.set([parseFault('tdsp=CENTERPOINT:500:times=2')]);
  const meets = (tdsp: string) => deck.draw({ tdsp, isPlanList: true }).fault !== null;
  assert.equal(meets('1039940674000'), false);
  assert.deepEqual(
    [1, 2, 3].map(() => meets('957877905')),
    [true, true, false],
  );
});

test('a probability meets about that share of the calls, the same ones for the same seed', () => {
  const run = (seed: number) => {
    const deck = new FaultDeck(seed);
    deck.set([parseFault('500:0.2')]);
    return Array.from({ length: 1000 }, () => Number(deck.draw(anyCall).fault !== null));
  };
  const met = run(3).reduce((sum, one) => sum + one, 0);
  assert.ok(met > 150 && met < 250, `${met} of 1000`);
  assert.deepEqual(run(3), run(3));
  assert.notDeepEqual(run(3), run(4));
});

test('latencies add up, then the first fault that meets decides', () => {
  const deck = new FaultDeck(1);
  deck.set(['latency:ms=20', 'empty', 'latency:ms=30', '500'].map((text) => parseFault(text)));
  assert.deepEqual(deck.draw(anyCall), { delayMs: 50, fault: { kind: 'empty' } });
  assert.deepEqual(deck.draw({ tdsp: null, isPlanList: false }), { delayMs: 50, fault: { kind: '500' } });
});
