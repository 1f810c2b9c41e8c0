import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Perms } from '../../../../src/wire/zookeeper/op-codes.ts';
import {
  AccessControl,
  DEFAULT_ACCESS,
  digestId,
  maskedAcl,
} from '../../../../src/zookeeper/pipeline/access-control.ts';

const ip = { scheme: 'ip', id: '10.1.2.3' };
const user = { scheme: 'digest', id: digestId('user:password') };

describe('AccessControl', () => {
  it('matches addresses and networks, IPv4 and IPv6', () => {
    const access = new AccessControl();
    const rows: [address: string, acl: string, matches: boolean][] = [
      ['10.1.2.3', '10.1.2.3', true],
      ['10.1.2.3', '10.1.2.4', false],
      ['10.1.2.3', '10.1.0.0/16', true],
      ['10.1.2.3', '10.1.2.2/31', true],
      ['10.1.2.3', '10.1.2.0/31', false],
      ['10.1.2.3', '0.0.0.0/0', true],
      ['2001:db8::1', '2001:db8::/32', true],
      ['2001:db9::1', '2001:db8::/32', false],
      ['::1', '0:0:0:0:0:0:0:1', true],
      ['10.1.2.3', '::/0', false],
    ];
    for (const [address, id, matches] of rows) {
      const acl = [{ perms: Perms.READ, id: { scheme: 'ip', id } }];
      const permitted = access.permits(acl, Perms.READ, [{ scheme: 'ip', id: address }]);
      assert.equal(permitted, matches, `${address} against ${id}`);
    }
  });

  it('takes only ACLs that somebody can match', () => {
    const access = new AccessControl();
    const rows: [scheme: string | null, id: string | null, isValid: boolean][] = [
      ['world', 'anyone', true],
      ['world', 'someone', false],
      ['digest', 'user:hash', true],
      ['digest', 'user', false],
      ['digest', 'a:b:c', false],
      ['digest', null, false],
      ['ip', '10.0.0.0/33', false],
      ['ip', '10.0.0', false],
      ['ip', '256.0.0.1', false],
      ['ip', '1:2:3:4:5:6:7::8', false],
      ['ip', '1::2::3', false],
      ['sasl', 'user', false],
      [null, 'anyone', false],
    ];
    for (const [scheme, id, isValid] of rows) {
      const resolved = access.resolve([{ perms: Perms.ALL, id: { scheme, id } }], [ip, user]);
      assert.equal(resolved !== undefined, isValid, `${scheme}:${id}`);
    }
    assert.equal(access.resolve([], [ip, user]), undefined);
    assert.equal(access.resolve(null, [ip, user]), undefined);
  });

  it('replaces auth entries, with or without an id, by what the client has proven', () => {
    const access = new AccessControl();
    for (const id of ['', null, 'ignored']) {
      const acl = [{ perms: Perms.ALL, id: { scheme: 'auth', id } }];
      assert.deepEqual(access.resolve(acl, [ip, user]), [{ perms: Perms.ALL, id: user }]);
      assert.equal(access.resolve(acl, [ip]), undefined, 'an address alone proves nothing');
    }
  });

  it('lets the superuser do everything, known by the digest of the configuration alone', () => {
    const access = new AccessControl({ ...DEFAULT_ACCESS, superDigest: digestId('super:secret') });
    const nobody = [{ perms: Perms.ALL, id: user }];
    const proven = access.authenticate('digest', Buffer.from('super:secret'), '10.0.0.1') ?? [];
    assert.equal(access.permits(nobody, Perms.ADMIN, proven), true);
    const guessed = access.authenticate('digest', Buffer.from('super:guess'), '10.0.0.1') ?? [];
    assert.equal(access.permits(nobody, Perms.ADMIN, guessed), false);
    assert.equal(access.authenticate('nosuch', Buffer.alloc(0), '10.0.0.1'), undefined);
  });

  it('shows digest entries without their hashes to those who may not change them', () => {
    const masked = maskedAcl([{ perms: Perms.ALL, id: user }]);
    assert.deepEqual(masked, [{ perms: Perms.ALL, id: { scheme: 'digest', id: 'user:x' } }]);
  });

  it("computes digests as Apache's DigestAuthenticationProvider", () => {
    assert.equal(digestId('u:p'), 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=');
  });
});
