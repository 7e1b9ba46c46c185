// Makes a node believe that rebind.test is allowed when it asks first, and elsewhere when it asks again.
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const { lookup } = dns;
let asked = 0;

dns.lookup = (hostname, options, callback) => {
  if (hostname !== 'rebind.test') return lookup(hostname, options, callback);
  const address = asked++ === 0 ? '127.0.0.1' : '127.0.0.2';
  if (options?.all === true) callback(null, [{ address, family: 4 }]);
  else callback(null, address, 4);
};
syncBuiltinESMExports();
