import { hash, hkdfSync, type ECDH } from 'node:crypto';
import { ByteWriter } from '../wire/byte-writer.js';
import type { Decoded } from '../wire/decoded.js';
import { AEAD_KEY_BYTES } from './aead.js';
import type { ClusterKeys } from './cluster-keys.js';
import { commonVersion, decodeHello, encodeHello, HELLO_BYTES, secretOfHello, type VersionRange } from './hello.js';
import { LINK_SEAL_BYTES, LinkCipher } from './link-cipher.js';
import { NODE_RECORD_BYTES_MAX, type NodeRecord } from './node-record.js';
import { publicKeyOf, SIGNATURE_BYTES, verifySignature, type Sign } from './signature.js';

/**
 * Mutual authentication of a new link in four messages:
 *
 *   1  initiator → responder   hello
 *   2  responder → initiator   hello ‖ sealed(record)
 *   3  initiator → responder   sealed(signature ‖ record)
 *   4  responder → initiator   sealed(signature)
 *
 * The keys come from an ephemeral Diffie-Hellman exchange and the cluster secret together, each direction its own; both
 * signatures cover the whole transcript. The link goes on with the same two ciphers. The pattern is SIGMA-I's.
 */
export type HandshakeRole = 'initiator' | 'responder';

/** Why a handshake was refused; a subset of the reasons a link is closed for. */
export type HandshakeRefusal =
  'bad-hello' | 'no-common-version' | 'wrong-secret' | 'wrong-cluster' | 'bad-record' | 'bad-signature';

/** The reason with which `verifyRecord` refuses a record of another cluster. */
export const WRONG_CLUSTER: HandshakeRefusal = 'wrong-cluster';

/** What both ends agree on when a handshake is through. */
export interface HandshakeOutcome {
  readonly record: NodeRecord;
  readonly recordJws: string;
  readonly version: number;
  readonly send: LinkCipher;
  readonly receive: LinkCipher;
}

/** What to do next: send, go on as a link (both at once for the responder), or close for a reason. */
export type HandshakeStep =
  | { readonly refused: HandshakeRefusal }
  | { readonly refused?: undefined; readonly send?: Buffer; readonly done?: HandshakeOutcome };

export interface HandshakeOptions {
  readonly role: HandshakeRole;
  readonly cluster: string;
  readonly versions: VersionRange;
  /** Keys of the accepted secrets, preferred first; at least one. */
  readonly keys: readonly ClusterKeys[];
  readonly recordJws: string;
  readonly sign: Sign;
  readonly verifyRecord: (jws: string) => Promise<Decoded<NodeRecord>>;
  /** 32 random bytes. */
  readonly nonce: Buffer;
  /** A fresh P-256 key pair, used for this handshake alone. */
  readonly ephemeral: ECDH;
}

/** No message of a handshake is longer, in bytes. */
export const HANDSHAKE_BYTES_MAX = HELLO_BYTES + NODE_RECORD_BYTES_MAX + SIGNATURE_BYTES + LINK_SEAL_BYTES;

const DOMAIN = 'grapevine handshake 1\0';
const NOTHING = Buffer.alloc(0);

/** One side of one handshake. Messages are data: whatever comes, `handle` resolves and never rejects. */
export class Handshake {
  #expects: 'start' | 'hello' | 'record' | 'signature' | 'nothing';
  #ownHello: Buffer = NOTHING;
  #ciphers: { readonly send: LinkCipher; readonly receive: LinkCipher } | undefined;
  #version = 0;
  #hellos: Buffer = NOTHING;
  #peer: { readonly record: NodeRecord; readonly jws: string } | undefined;

  constructor(private readonly options: HandshakeOptions) {
    this.#expects = options.role === 'initiator' ? 'start' : 'hello';
  }

  /** The initiator's hello; nothing for a responder. */
  start(): Buffer | undefined {
    if (this.#expects !== 'start') return undefined;
    this.#expects = 'hello';
    this.#ownHello = this.#encodeHello(this.options.keys, NOTHING);
    return this.#ownHello;
  }

  /** Takes the peer's next message. After a refusal, or a message that came too early, everything is refused. */
  async handle(message: Uint8Array): Promise<HandshakeStep> {
    const expected = this.#expects;
    this.#expects = 'nothing';
    const isInitiator = this.options.role === 'initiator';
    switch (expected) {
      case 'hello':
        return isInitiator ? this.#onAnswer(message) : this.#onHello(message);
      case 'record':
        return this.#onRecord(message);
      case 'signature':
        return this.#onSignature(message);
      case 'start':
      case 'nothing':
        return { refused: 'bad-hello' };
    }
  }

  #onHello(message: Uint8Array): HandshakeStep {
    const refusal = this.#agree(message, NOTHING);
    if (refusal !== undefined || this.#ciphers === undefined) return { refused: refusal ?? 'bad-hello' };
    this.#expects = 'record';
    return { send: Buffer.concat([this.#ownHello, this.#ciphers.send.seal(Buffer.from(this.options.recordJws))]) };
  }

  async #onAnswer(message: Uint8Array): Promise<HandshakeStep> {
    if (message.length > HANDSHAKE_BYTES_MAX) return { refused: 'bad-hello' };
    const refusal = this.#agree(message.subarray(0, HELLO_BYTES), this.#ownHello);
    if (refusal !== undefined || this.#ciphers === undefined) return { refused: refusal ?? 'bad-hello' };
    const jws = this.#ciphers.receive.open(message.subarray(HELLO_BYTES));
    const recordRefusal = await this.#learnPeer(jws);
    if (recordRefusal !== undefined) return { refused: recordRefusal };
    this.#expects = 'signature';
    const signature = this.options.sign(this.#transcript('initiator'));
    return { send: this.#ciphers.send.seal(Buffer.concat([signature, Buffer.from(this.options.recordJws)])) };
  }

  async #onRecord(message: Uint8Array): Promise<HandshakeStep> {
    if (message.length > HANDSHAKE_BYTES_MAX || this.#ciphers === undefined) return { refused: 'bad-record' };
    const opened = this.#ciphers.receive.open(message);
    const refusal = await this.#learnPeer(opened?.subarray(SIGNATURE_BYTES));
    if (refusal !== undefined) return { refused: refusal };
    const outcome = this.#conclude(opened?.subarray(0, SIGNATURE_BYTES));
    if (outcome === undefined) return { refused: 'bad-signature' };
    return { send: outcome.send.seal(this.options.sign(this.#transcript('responder'))), done: outcome };
  }

  #onSignature(message: Uint8Array): HandshakeStep {
    const isSized = message.length === SIGNATURE_BYTES + LINK_SEAL_BYTES;
    const outcome = isSized ? this.#conclude(this.#ciphers?.receive.open(message)) : undefined;
    return outcome === undefined ? { refused: 'bad-signature' } : { done: outcome };
  }

  /** Checks the peer's hello, answers it if we are the responder, and derives the two ciphers. */
  #agree(bytes: Uint8Array, answered: Buffer): HandshakeRefusal | undefined {
    const hello = decodeHello(bytes);
    if (!hello.ok) return 'bad-hello';
    const secret = secretOfHello({ hello: bytes, macs: hello.value.macs, keys: this.options.keys, answered });
    if (secret === undefined) return 'wrong-secret';
    const version = commonVersion(this.options.versions, hello.value.versions);
    if (version === undefined) return 'no-common-version';
    const shared = this.#sharedSecret(hello.value.ephemeral);
    if (shared === undefined) return 'bad-hello';
    this.#version = version;
    // The responder answers with the secret it chose and no other, so both end up with the same one.
    if (this.options.role === 'responder') this.#ownHello = this.#encodeHello([secret], Buffer.from(bytes));
    const theirHello = Buffer.from(bytes);
    this.#hellos = Buffer.concat(
      this.options.role === 'initiator' ? [this.#ownHello, theirHello] : [theirHello, this.#ownHello],
    );
    this.#ciphers = this.#deriveCiphers(Buffer.concat([shared, secret.link]));
    return undefined;
  }

  #encodeHello(keys: readonly ClusterKeys[], answered: Buffer): Buffer {
    const { versions, nonce, ephemeral } = this.options;
    return encodeHello({ versions, nonce, ephemeral: ephemeral.getPublicKey(), keys, answered });
  }

  #sharedSecret(theirs: Buffer): Buffer | undefined {
    if (theirs.equals(this.options.ephemeral.getPublicKey())) return undefined;
    try {
      return this.options.ephemeral.computeSecret(theirs);
    } catch {
      return undefined; // not a point on the curve
    }
  }

  #deriveCiphers(secret: Buffer): { readonly send: LinkCipher; readonly receive: LinkCipher } {
    const salt = hash('sha256', this.#hellos, 'buffer');
    const cipherOf = (sender: HandshakeRole): LinkCipher =>
      new LinkCipher(Buffer.from(hkdfSync('sha256', secret, salt, `grapevine link 1 ${sender}`, AEAD_KEY_BYTES)));
    const [initiator, responder] = [cipherOf('initiator'), cipherOf('responder')];
    return this.options.role === 'initiator'
      ? { send: initiator, receive: responder }
      : { send: responder, receive: initiator };
  }

  async #learnPeer(jws: Buffer | undefined): Promise<HandshakeRefusal | undefined> {
    if (jws === undefined || jws.length > NODE_RECORD_BYTES_MAX) return 'bad-record';
    const text = jws.toString('latin1');
    const record = await this.options.verifyRecord(text);
    if (!record.ok) return record.reason === WRONG_CLUSTER ? WRONG_CLUSTER : 'bad-record';
    this.#peer = { record: record.value, jws: text };
    return undefined;
  }

  #conclude(signature: Buffer | undefined): HandshakeOutcome | undefined {
    if (signature === undefined || this.#peer === undefined || this.#ciphers === undefined) return undefined;
    const signer = this.options.role === 'initiator' ? 'responder' : 'initiator';
    const publicKey = publicKeyOf(this.#peer.record.signingKey);
    if (!verifySignature(publicKey, this.#transcript(signer), signature)) return undefined;
    return { record: this.#peer.record, recordJws: this.#peer.jws, version: this.#version, ...this.#ciphers };
  }

  /** What `signer` signs: both hellos and records, and what was concluded from them. */
  #transcript(signer: HandshakeRole): Buffer {
    const [own, theirs] = [this.options.recordJws, this.#peer?.jws ?? ''];
    const records = this.options.role === 'initiator' ? [own, theirs] : [theirs, own];
    const writer = new ByteWriter(1_024).text(signer).u8(this.#version).text(this.options.cluster).raw(this.#hellos);
    for (const record of records) writer.text(record);
    return Buffer.concat([Buffer.from(DOMAIN), hash('sha256', writer.finish(), 'buffer')]);
  }
}
