/* An IFD handler (pcsc-lite, version 3) that asks a process behind a Unix socket.
 *
 * Knows one slot. reader.conf names the socket as DEVICENAME. A request is an operation (1 byte), a
 * length (4, big-endian) and as many bytes; an answer is a response code of ifdhandler.h (4), a
 * length (4), bytes.
 */
#include <ifdhandler.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum operation { POWER_UP = 1, POWER_DOWN, RESET, TRANSMIT, PRESENCE, CONTROL };

static int channel = -1;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int all(int (*move)(void *, size_t), void *bytes, size_t length)
{
    for (char *at = bytes; length > 0;) {
        int moved = move(at, length);
        if (moved <= 0)
            return 0;
        at += moved;
        length -= (size_t)moved;
    }
    return 1;
}

static int in(void *bytes, size_t length) { return (int)read(channel, bytes, length); }

static int out(void *bytes, size_t length)
{
    return (int)send(channel, bytes, length, MSG_NOSIGNAL);
}

static RESPONSECODE ask(enum operation operation, void *sent, uint32_t length, void *answer,
                        DWORD *room)
{
    uint8_t head[5] = {(uint8_t)operation};
    uint32_t size = htonl(length), told[2] = {0, 0};
    RESPONSECODE code = IFD_COMMUNICATION_ERROR;
    uint8_t refused[256];

    memcpy(head + 1, &size, 4);
    pthread_mutex_lock(&turn);
    if (all(out, head, sizeof head) && all(out, sent, length) && all(in, told, sizeof told)) {
        uint32_t coming = ntohl(told[1]);
        code = (RESPONSECODE)ntohl(told[0]);
        if (room != NULL && coming <= *room) {
            if (!all(in, answer, coming))
                code = IFD_COMMUNICATION_ERROR;
            *room = coming;
        } else if (coming > 0) {
            code = coming <= sizeof refused && all(in, refused, coming)
                ? IFD_ERROR_INSUFFICIENT_BUFFER : IFD_COMMUNICATION_ERROR;
        }
    }
    pthread_mutex_unlock(&turn);
    return code;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)lun;
    if (strlen(name) >= sizeof address.sun_path)
        return IFD_COMMUNICATION_ERROR;
    strcpy(address.sun_path, name);
    channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(channel, (struct sockaddr *)&address, sizeof address) == 0 ? IFD_SUCCESS
                                                                             : IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD number)
{
    (void)lun, (void)number;
    return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
    (void)lun;
    close(channel);
    return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
    (void)lun;
    if (tag != TAG_IFD_SLOTS_NUMBER && tag != TAG_IFD_SIMULTANEOUS_ACCESS)
        return IFD_ERROR_TAG;
    *length = 1;
    *value = 1;
    return IFD_SUCCESS;
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
    (void)lun, (void)tag, (void)length, (void)value;
    return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1,
                                       UCHAR pts2, UCHAR pts3)
{
    (void)lun, (void)flags, (void)pts1, (void)pts2, (void)pts3;
    return protocol == SCARD_PROTOCOL_T1 ? IFD_SUCCESS : IFD_PROTOCOL_NOT_SUPPORTED;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length)
{
    (void)lun;
    *length = MAX_ATR_SIZE;
    enum operation operation =
        action == IFD_POWER_DOWN ? POWER_DOWN : action == IFD_RESET ? RESET : POWER_UP;
    return ask(operation, NULL, 0, atr, length);
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send_pci, PUCHAR sent, DWORD length,
                               PUCHAR answer, PDWORD room, PSCARD_IO_HEADER receive_pci)
{
    (void)lun, (void)send_pci, (void)receive_pci;
    RESPONSECODE code = ask(TRANSMIT, sent, (uint32_t)length, answer, room);
    if (code != IFD_SUCCESS)
        *room = 0;
    return code;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD control, PUCHAR sent, DWORD length, PUCHAR answer,
                         DWORD room, LPDWORD returned)
{
    uint8_t request[4 + MAX_BUFFER_SIZE];
    uint32_t code = htonl((uint32_t)control);
    (void)lun;
    *returned = 0;
    if (length > MAX_BUFFER_SIZE)
        return IFD_COMMUNICATION_ERROR;
    memcpy(request, &code, 4);
    memcpy(request + 4, sent, length);
    RESPONSECODE result = ask(CONTROL, request, (uint32_t)length + 4, answer, &room);
    *returned = result == IFD_SUCCESS ? room : 0;
    return result;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
    (void)lun;
    return ask(PRESENCE, NULL, 0, NULL, NULL);
}
