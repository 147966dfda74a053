// sink PORT: an HTTP/1.1 backend that takes everything with 200 as fast as it can, and counts.
//
// GET /count answers with the number of requests taken. One thread, loopback only, ends with its parent's SIGTERM.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4096
#define ROOM (64 * 1024)

static struct connection {
    size_t length;
    char *bytes;
} connections[MOST];
static unsigned long taken;

// The length of the first whole request, 0 when it is not all here, -1 when it is none.
static long whole(const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return length == ROOM ? -1 : 0;
    size_t content = 0;
    for (const char *line = bytes; line < end; line = (const char *)memmem(line, (size_t)(end + 2 - line), "\r\n", 2) + 2)
        if (!strncasecmp(line, "content-length:", 15)) content = strtoul(line + 15, NULL, 10);
    size_t all = (size_t)(end + 4 - bytes) + content;
    if (all > ROOM) return -1;
    return all <= length ? (long)all : 0;
}

static int answer(int socket, const char *request) {
    char text[160];
    int length;
    if (!strncmp(request, "GET /count ", 11)) {
        char number[32];
        int digits = snprintf(number, sizeof number, "%lu", taken);
        length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", digits, number);
    } else {
        taken++;
        length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }
    return send(socket, text, (size_t)length, MSG_NOSIGNAL) == length;
}

static int serve(int socket) {
    struct connection *c = &connections[socket];
    ssize_t count = recv(socket, c->bytes + c->length, ROOM - c->length, 0);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    c->length += (size_t)count;
    long size;
    while ((size = whole(c->bytes, c->length)) > 0) {
        if (!answer(socket, c->bytes)) return 0;
        c->length -= (size_t)size;
        memmove(c->bytes, c->bytes + size, c->length);
    }
    return size == 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: sink PORT\n"), 2;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 512)) return perror("sink"), 1;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event ready[64];
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int socket = ready[i].data.fd;
            if (socket == listener) {
                int child = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (child < 0) continue;
                if (child >= MOST || !(connections[child].bytes = malloc(ROOM))) { close(child); continue; }
                connections[child].length = 0;
                setsockopt(child, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = child};
                epoll_ctl(poll, EPOLL_CTL_ADD, child, &event);
            } else if (!serve(socket)) {
                free(connections[socket].bytes);
                close(socket);
            }
        }
    }
}
