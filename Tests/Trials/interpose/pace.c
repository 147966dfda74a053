// pace: speaks HTTPS to 127.0.0.1 at a fixed rate, one thread, and tells how long replies took. Open loop: the time of a
// request counts from the moment at which it was due, also when no connection was free for it.
//   pace PORT push RATE SECONDS CONNECTIONS REQUEST   the request, over kept connections
//   pace PORT new RATE SECONDS CONNECTIONS REQUEST    a full handshake for each, at most that many at a time
// Prints one JSON line. Bounded by SECONDS, at most 600.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { CLOSED, SHAKING, FREE, WAITING };
struct connection {
    SSL *ssl;
    int fd, length;
    enum state state;
    double due;
    char reply[8192];
};

static SSL_CTX *context;
static int port, poller, renews;
static char request[65536];
static int request_length;
static long good, refused, failed, handshakes, wanted;
static double *times;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void hang_up(struct connection *c) {
    if (c->ssl) SSL_free(c->ssl);
    if (c->fd >= 0) close(c->fd);
    c->ssl = NULL, c->fd = -1, c->state = CLOSED;
    ERR_clear_error();
}

static void dial(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        failed++;
        return hang_up(c);
    }
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
    c->state = SHAKING, c->length = 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(struct connection *c) {
    c->state = WAITING, c->length = 0;
    if (SSL_write(c->ssl, request, request_length) != request_length) failed++, hang_up(c);
}

// A whole reply, by its length.
static int is_whole(struct connection *c) {
    c->reply[c->length] = 0;
    char *end = strstr(c->reply, "\r\n\r\n"), *field = strcasestr(c->reply, "content-length:");
    return end && field && c->length >= end + 4 - c->reply + atoi(field + 15);
}

static void look(struct connection *c) {
    if (c->state == SHAKING) {
        int result = SSL_do_handshake(c->ssl);
        if (result != 1) {
            int error = SSL_get_error(c->ssl, result);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) failed++, hang_up(c);
            return;
        }
        handshakes++;
        c->state = FREE;
        if (renews) ask(c);
    }
    while (c->state == WAITING || c->state == FREE) {
        int count = SSL_read(c->ssl, c->reply + c->length, sizeof c->reply - 1 - c->length);
        if (count <= 0) {
            if (SSL_get_error(c->ssl, count) != SSL_ERROR_WANT_READ) failed += c->state == WAITING, hang_up(c);
            return;
        }
        c->length += count;
        if (c->state != WAITING || !is_whole(c)) continue;
        if (good + refused < wanted) times[good + refused] = now() - c->due;
        if (strstr(c->reply, " 200 ") == c->reply + 8) good++;
        else refused++;
        c->state = FREE;
        if (renews || strcasestr(c->reply, "connection: close")) hang_up(c);
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(double *)a, y = *(double *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **argument) {
    if (count != 7) return 2;
    port = atoi(argument[1]), renews = !strcmp(argument[2], "new");
    double rate = atof(argument[3]), seconds = atof(argument[4]);
    int connections = atoi(argument[5]);
    FILE *file = fopen(argument[6], "rb");
    if (!file || seconds > 600 || rate <= 0 || connections < 1 || connections > 1000) return 2;
    request_length = fread(request, 1, sizeof request, file);
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    poller = epoll_create1(0);
    struct connection *all = calloc(connections, sizeof *all);
    wanted = rate * seconds;
    times = calloc(wanted + connections, sizeof *times);
    for (int i = 0; i < connections; i++) {
        all[i].fd = -1;
        if (!renews) dial(&all[i]);
    }
    double begin = now() + (renews ? 0 : 1), end = begin + seconds;
    long sent = 0;
    int next = 0;
    while (now() < end + 2 && (sent < wanted || good + refused + failed < sent)) {
        double present = now();
        while (present < end && sent < wanted && begin + sent / rate <= present) {
            struct connection *c = NULL;
            for (int i = 0; i < connections && !c; i++, next = (next + 1) % connections)
                if (all[next].state == (renews ? CLOSED : FREE)) c = &all[next];
            if (!c) break;
            c->due = begin + sent++ / rate;
            if (renews) dial(c);
            else ask(c);
        }
        for (int i = 0; !renews && i < connections; i++)
            if (all[i].state == CLOSED) dial(&all[i]);
        struct epoll_event events[64];
        double until = sent < wanted ? begin + sent / rate - now() : 0.01;
        struct timespec wait = {0, until < 0 ? 0 : until > 0.01 ? 10000000 : until * 1e9};
        int ready = epoll_pwait2(poller, events, 64, &wait, NULL);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->state != CLOSED) look(c);
        }
    }
    long done = good + refused < wanted ? good + refused : wanted;
    qsort(times, done, sizeof *times, by_size);
    printf("{\"wanted\": %ld, \"good\": %ld, \"refused\": %ld, \"failed\": %ld, \"handshakes\": %ld, \"p50_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %.0f}\n",
           wanted, good, refused, failed, handshakes, done ? times[done / 2] * 1e6 : 0, done ? times[done * 99 / 100] * 1e6 : 0,
           done ? times[done - 1] * 1e6 : 0);
    return 0;
}
