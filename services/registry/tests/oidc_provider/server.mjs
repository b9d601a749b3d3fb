// A certified OpenID provider on loopback for the registry's tests. POST /__configure makes it anew, with new keys.
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

let handle = (_, answer) => answer.writeHead(503).end();
let issuer;

function newKey(alg, kid) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

function configure({ clients, alg, kid }) {
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [newKey(alg, kid)] },
    enabledJWA: { idTokenSigningAlgValues: [alg], clientAuthSigningAlgValues: ['ES256'] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], profile: ['name'], acr: null, amr: null },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Trần Văn Thử', amr: ['pwd', 'otp'] }),
    }),
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: true } },
  });
  handle = provider.callback();
}

const server = http.createServer((request, answer) => {
  if (request.url !== '/__configure') { handle(request, answer); return; }
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    try { configure(JSON.parse(body)); answer.writeHead(204).end(); }
    catch (error) { answer.writeHead(500).end(String(error)); }
  });
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
