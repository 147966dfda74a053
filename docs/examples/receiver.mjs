// A receiver of Hookgate's events for Node 18 and later, without packages.
//
//     SIGNING_SECRET=whsec_… BLOCKED=+4921155667788 DIAL=+4915791234567 node receiver.mjs 9000
//
// POST /events takes events, POST /decide says what becomes of a call. docs/applications.md tells the rest.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE = 300; // seconds between the sender's clock and ours
const MOST_BYTES = 1 << 20;
const SECRET = process.env.SIGNING_SECRET ?? "";
if (!SECRET) throw new Error("SIGNING_SECRET is not set");
// What stands behind whsec_ is base64; any other text is the key itself.
const KEY = SECRET.startsWith("whsec_") ? Buffer.from(SECRET.slice(6), "base64") : Buffer.from(SECRET);
const BLOCKED = new Set((process.env.BLOCKED ?? "").split(",").filter(Boolean));
const DIAL = process.env.DIAL ?? "+4915791234567";

/** Why a request is not to be believed; null: Hookgate sent it, a moment ago, as it stands. */
function problemOf(headers, body) {
  const id = headers["webhook-id"] ?? "", stamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > TOLERANCE) {
    return "webhook-timestamp is missing or too far from this clock";
  }
  const mac = createHmac("sha256", KEY).update(`${id}.${stamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  // Several signatures while a secret is being replaced: one that fits is enough.
  const fits = (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return fits ? null : "webhook-signature does not fit";
}

/** The latest ids. In production: a unique column, written in the transaction that uses the event. */
const seen = new Set();
function remember(id) {
  seen.add(id);
  if (seen.size > 100_000) seen.delete(seen.values().next().value);
}

/** Your work. Throw when it cannot be done now: the event comes again. */
async function use(event) {
  console.log(`event ${event.type.replace("io.sipgate.", "")} ${event.id} from ${event.data.from?.e164 ?? "unknown"}`);
}

/** What becomes of the call. Within the route's deadline, or its fallback acts. */
function decide(event) {
  if (BLOCKED.has(event.data.from?.e164)) return { actions: [{ reject: { reason: "busy" } }] };
  return { actions: [{ dial: { to: [DIAL] } }] };
}

async function contentOf(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    if ((length += piece.length) > MOST_BYTES) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const server = createServer(async (request, response) => {
  const answer = (status, content) => {
    if (content === undefined) return response.writeHead(status).end();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
  };
  try {
    const body = await contentOf(request);
    if (body === null) return answer(413);
    if (request.method !== "POST") return answer(405);
    const problem = problemOf(request.headers, body);
    if (problem) {
      console.log(`refused: ${problem}`);
      return answer(401);
    }
    // A question has the id of the event that comes later: it is no duplicate.
    if (request.url === "/decide") return answer(200, decide(JSON.parse(body)));
    if (request.url !== "/events") return answer(404);
    const id = request.headers["webhook-id"];
    if (seen.has(id)) {
      console.log(`duplicate ${id}`);
    } else {
      await use(JSON.parse(body));
      remember(id);
    }
    answer(204);
  } catch (error) {
    console.log(`failed: ${error}`);
    if (!response.headersSent) answer(500); // it comes again
  }
});
// Longer than the gateway keeps a connection that nobody uses, so that no request meets one that is being closed.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.argv[2] ?? 9000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
