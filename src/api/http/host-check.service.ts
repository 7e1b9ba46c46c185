import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { GrapevineError } from '../../runtime/errors.js';
import { allowedHosts, isAllowedHost } from './allowed-hosts.js';

/** Refuses requests under names that are not the node's; in an application of somebody else only that application knows its names. */
@Injectable()
export class HostCheck {
  #isOn = false;

  constructor(private readonly settings: Settings) {}

  /** From now on, as the server is the node's own. */
  turnOn(): void {
    this.#isOn = true;
  }

  /** Throws `wrong-host`. */
  assert(header: string | undefined): void {
    if (!this.#isOn || isAllowedHost(header, allowedHosts(this.settings))) return;
    throw new GrapevineError(
      'wrong-host',
      'A node on loopback answers under names of this machine, see CORS_ORIGINS and ADVERTISE_URL.',
    );
  }
}
