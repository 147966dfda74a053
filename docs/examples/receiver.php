<?php
// A receiver of Hookgate's events in PHP 8, without packages.
//
//     SIGNING_SECRET=whsec_… BLOCKED=+4921155667788 DIAL=+4915791234567 php -S 127.0.0.1:9000 receiver.php
//
// POST /events takes events, POST /decide says what becomes of a call. docs/applications.md tells the rest.
// php -S answers one request at a time and is for development: PHP-FPM runs the same file.
declare(strict_types=1);

const TOLERANCE = 300; // seconds between the sender's clock and ours
const MOST_BYTES = 1 << 20;

function signingKey(): string
{
    $secret = getenv('SIGNING_SECRET') ?: throw new RuntimeException('SIGNING_SECRET is not set');
    if (!str_starts_with($secret, 'whsec_')) {
        return $secret; // any other text is the key itself
    }
    $key = base64_decode(substr($secret, 6), true);
    return $key === false ? throw new RuntimeException('SIGNING_SECRET is not base64 behind whsec_') : $key;
}

/** Why a request is not to be believed; null: Hookgate sent it, a moment ago, as it stands. */
function problemOf(string $body): ?string
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $stamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($stamp) || abs(time() - (int) $stamp) > TOLERANCE) {
        return 'webhook-timestamp is missing or too far from this clock';
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", signingKey(), true));
    // Several signatures while a secret is being replaced: one that fits is enough.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return null;
        }
    }
    return 'webhook-signature does not fit';
}

/** A file for each id, because a PHP script forgets. In production: a unique column, written in the transaction that uses the event. */
function fileOf(string $id): string
{
    $folder = getenv('SEEN') ?: sys_get_temp_dir() . '/hookgate-seen';
    is_dir($folder) || mkdir($folder, 0700, true);
    return $folder . '/' . hash('sha256', $id);
}

function tell(string $line): void
{
    file_put_contents('php://stderr', $line . "\n");
}

/** Your work. Throw when it cannot be done now: the event comes again. */
function useEvent(array $event): void
{
    $type = str_replace('io.sipgate.', '', $event['type']);
    tell("event $type {$event['id']} from " . ($event['data']['from']['e164'] ?? 'unknown'));
}

/** What becomes of the call. Within the route's deadline, or its fallback acts. */
function decide(array $event): array
{
    $blocked = array_filter(explode(',', getenv('BLOCKED') ?: ''));
    if (in_array($event['data']['from']['e164'] ?? null, $blocked, true)) {
        return ['actions' => [['reject' => ['reason' => 'busy']]]];
    }
    return ['actions' => [['dial' => ['to' => [getenv('DIAL') ?: '+4915791234567']]]]];
}

function respond(int $status, ?array $content = null): void
{
    http_response_code($status);
    if ($content !== null) {
        header('Content-Type: application/json');
        echo json_encode($content, JSON_THROW_ON_ERROR);
    }
}

try {
    $body = file_get_contents('php://input', length: MOST_BYTES + 1);
    $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        respond(405);
    } elseif (strlen($body) > MOST_BYTES) {
        respond(413);
    } elseif (($problem = problemOf($body)) !== null) {
        tell("refused: $problem");
        respond(401);
    } elseif ($path === '/decide') {
        // A question has the id of the event that comes later: it is no duplicate.
        respond(200, decide(json_decode($body, true, 64, JSON_THROW_ON_ERROR)));
    } elseif ($path !== '/events') {
        respond(404);
    } else {
        $id = $_SERVER['HTTP_WEBHOOK_ID'];
        if (file_exists(fileOf($id))) {
            tell("duplicate $id");
        } else {
            useEvent(json_decode($body, true, 64, JSON_THROW_ON_ERROR));
            touch(fileOf($id));
        }
        respond(204);
    }
} catch (Throwable $error) {
    tell('failed: ' . $error->getMessage());
    respond(500); // it comes again
}
