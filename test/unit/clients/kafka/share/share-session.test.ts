import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Acknowledgements } from '../../../../../src/clients/kafka/share/acknowledgements.ts';
import { type SessionRequest, ShareSession } from '../../../../../src/clients/kafka/share/share-session.ts';
import { ErrorCode } from '../../../../../src/wire/kafka/errors.ts';

const ONE = { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topic: 'one', partition: 0 };
const TWO = { topicId: 'AAAAAAAAAAAAAAAAAAAAAg', topic: 'two', partition: 3 };

/** `epoch +topic/partition -topic/partition`, acknowledged offsets behind a colon. */
function said({ shareSessionEpoch, topics, forgottenTopicsData }: SessionRequest): string {
  const name = (topicId: string) => (topicId === ONE.topicId ? 'one' : 'two');
  const added = topics.flatMap(({ topicId, partitions }) =>
    partitions.map(({ partitionIndex, acknowledgementBatches }) => {
      const offsets = acknowledgementBatches.map(({ firstOffset }) => firstOffset);
      return ` +${name(topicId)}/${partitionIndex}${offsets.length > 0 ? `:${offsets.join()}` : ''}`;
    }),
  );
  const forgotten = forgottenTopicsData.flatMap(({ topicId, partitions }) =>
    partitions.map((partition) => ` -${name(topicId)}/${partition}`),
  );
  return [shareSessionEpoch, ...added, ...forgotten].join('');
}

function acknowledgementOf(partition: typeof ONE, offset: number): Acknowledgements {
  const acknowledgements = new Acknowledgements(partition, 1, 1);
  acknowledgements.add(offset, 'accept');
  return acknowledgements;
}

describe('a share session', () => {
  it('names its partitions once, then what changes', () => {
    const session = new ShareSession();
    assert.equal(said(session.fetch([ONE], [])), '0 +one/0');
    session.answered(ErrorCode.NONE);
    assert.equal(session.changesWith([ONE]), false);
    assert.equal(said(session.fetch([ONE], [])), '1');
    session.answered(ErrorCode.NONE);
    assert.equal(session.changesWith([TWO]), true);
    assert.equal(said(session.fetch([TWO], [])), '2 +two/3 -one/0');
  });

  it('acknowledges with a fetch what it does not fetch from any more', () => {
    const session = new ShareSession();
    session.fetch([ONE], []);
    session.answered(ErrorCode.NONE);
    assert.equal(said(session.fetch([TWO], [acknowledgementOf(ONE, 5)])), '1 +two/3 +one/0:5 -one/0');
  });

  it('says a partition once, whatever is acknowledged of it', () => {
    const session = new ShareSession();
    session.fetch([ONE], []);
    session.answered(ErrorCode.NONE);
    const request = session.fetch([ONE], [acknowledgementOf(ONE, 9), acknowledgementOf(ONE, 5)]);
    assert.equal(said(request), '1 +one/0:5,9');
  });

  it('goes on after an error that leaves it alive', () => {
    const session = new ShareSession();
    session.fetch([ONE], []);
    session.answered(ErrorCode.UNKNOWN_SERVER_ERROR);
    assert.equal(said(session.fetch([ONE], [])), '1');
  });

  for (const error of [
    'SHARE_SESSION_NOT_FOUND',
    'INVALID_SHARE_SESSION_EPOCH',
    'SHARE_SESSION_LIMIT_REACHED',
  ] as const) {
    it(`begins anew after ${error}, as another generation`, () => {
      const session = new ShareSession();
      session.fetch([ONE], []);
      session.answered(ErrorCode.NONE);
      session.fetch([ONE], []);
      session.answered(ErrorCode[error]);
      assert.equal(session.isNew, true);
      assert.equal(session.generation, 2);
      assert.equal(said(session.fetch([ONE], [])), '0 +one/0');
    });
  }

  it('ends with epoch -1', () => {
    const session = new ShareSession();
    session.fetch([ONE], []);
    session.answered(ErrorCode.NONE);
    assert.equal(session.acknowledge([], true).shareSessionEpoch, -1);
  });
});
