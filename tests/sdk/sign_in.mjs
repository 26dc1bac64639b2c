// Signs somebody in with Microsoft's library for Node: begins with an address, reads the answer that a browser brought, prints JSON lines.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { ConfidentialClientApplication, CryptoProvider } = createRequire(process.env.MODULES + "/")("@azure/msal-node");
const { AUTHORITY, CLIENT_ID, CLIENT_SECRET, REDIRECT, SCOPE } = process.env;
const app = new ConfidentialClientApplication({
  auth: {
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    authority: AUTHORITY,
    knownAuthorities: [new URL(AUTHORITY).host],
  },
});
const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
const asked = { scopes: [SCOPE], redirectUri: REDIRECT };
const url = await app.getAuthCodeUrl({
  ...asked,
  responseMode: "form_post",
  state: "a state",
  nonce: "a nonce",
  codeChallenge: challenge,
  codeChallengeMethod: "S256",
});
console.log(JSON.stringify({ url }));
for await (const line of createInterface({ input: process.stdin })) {
  const { code } = JSON.parse(line);
  const got = await app.acquireTokenByCode({ ...asked, code, codeVerifier: verifier }, { nonce: "a nonce" });
  const account = (await app.getTokenCache().getAllAccounts())[0];
  const again = await app.acquireTokenSilent({ account, scopes: [SCOPE], forceRefresh: true });
  console.log(JSON.stringify({ oid: got.uniqueId, tid: got.tenantId, username: got.account.username, renewed: Boolean(again.accessToken) }));
  break;
}
process.exit(0);
