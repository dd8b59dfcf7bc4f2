/* The few functions of the CUDA runtime that are used, over memory of the computer.

   As on a real GPU its memory lies where the processor cannot reach it (the addresses are those of pages without any
   rights), fresh memory holds no zeros, and nothing that is queued has happened before the stream was synchronised.
   Documentation: https://docs.nvidia.com/cuda/archive/10.2/cuda-runtime-api/ */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_HANDLE = 400 };
enum { MOST = 4096 };
static const size_t SPACE = (size_t)1 << 36, STEP = (size_t)1 << 24;

static struct { char *storage; size_t size; } blocks[MOST];
static struct { int stream, kind; uintptr_t target, source; size_t size; void (*kernel)(long); long order; } queue[MOST];
static int streams[MOST], queued;
static char *space;
static size_t used;

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static char *locate(uintptr_t address, size_t size) {
    uintptr_t offset = address - (uintptr_t)space;
    size_t number = offset / STEP, within = offset % STEP;
    if (!space || offset >= SPACE || number >= MOST || !blocks[number].storage) return NULL;
    return within + size <= blocks[number].size ? blocks[number].storage + within : NULL;
}

/* group__CUDART__DEVICE */
int cudaGetDeviceCount(int *count) {
    *count = atoi(setting("FAKE_CUDA_DEVICES", "1"));
    return *count ? SUCCESS : NO_DEVICE;
}
int cudaGetDeviceProperties(char *properties, int device) {  /* struct cudaDeviceProp begins with char name[256] */
    if (device) return INVALID_VALUE;
    strncpy(properties, setting("FAKE_CUDA_NAME", "NVIDIA Tegra X1"), 256);
    return SUCCESS;
}
int cudaDeviceGetAttribute(int *value, int attribute, int device) {  /* enum cudaDeviceAttr: 75 and 76 */
    int major, minor;
    sscanf(setting("FAKE_CUDA_CAPABILITY", "5.3"), "%d.%d", &major, &minor);
    if (device || attribute < 75 || attribute > 76) return INVALID_VALUE;
    *value = attribute == 75 ? major : minor;
    return SUCCESS;
}
/* group__CUDART__ERROR */
const char *cudaGetErrorString(int code) {
    switch (code) {
    case SUCCESS: return "no error";
    case INVALID_VALUE: return "invalid argument";
    case OUT_OF_MEMORY: return "out of memory";
    case NO_DEVICE: return "no CUDA-capable device is detected";
    case INVALID_HANDLE: return "invalid resource handle";
    default: return "unrecognized error code";
    }
}
/* group__CUDART__MEMORY */
int cudaMalloc(uintptr_t *address, size_t size) {
    size_t number = 0, limit = strtoull(setting("FAKE_CUDA_BYTES", "1000000000"), NULL, 10);
    while (number < MOST && blocks[number].storage) number++;
    if (number == MOST || size > STEP || used + size > limit) return OUT_OF_MEMORY;
    if (!space) space = mmap(NULL, SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    blocks[number].storage = memset(malloc(size), 0xff, size);  /* as floats: not a number */
    blocks[number].size = size;
    used += size;
    *address = (uintptr_t)space + number * STEP;
    return SUCCESS;
}
int cudaFree(uintptr_t address) {
    char *storage = locate(address, 0);
    size_t number = (address - (uintptr_t)space) / STEP;
    if (!storage || storage != blocks[number].storage) return INVALID_VALUE;
    used -= blocks[number].size;
    free(storage);
    blocks[number].storage = NULL;
    return SUCCESS;
}
static int enqueue(int stream, int kind, uintptr_t target, uintptr_t source, size_t size, void (*kernel)(long), long order) {
    if (stream < 1 || stream >= MOST || !streams[stream]) return INVALID_HANDLE;
    if (queued == MOST) return OUT_OF_MEMORY;
    queue[queued].stream = stream; queue[queued].kind = kind; queue[queued].target = target;
    queue[queued].source = source; queue[queued].size = size; queue[queued].kernel = kernel;
    queue[queued++].order = order;
    return SUCCESS;
}
int cudaMemcpyAsync(uintptr_t target, uintptr_t source, size_t size, int kind, uintptr_t stream) {
    if (kind == 1 ? !locate(target, size) || locate(source, 0) : kind == 2 ? !locate(source, size) || locate(target, 0) : 1)
        return INVALID_VALUE;
    return enqueue((int)stream, kind, target, source, size, NULL, 0);
}
/* group__CUDART__STREAM */
int cudaStreamCreate(uintptr_t *stream) {
    int number = 1, limit = atoi(setting("FAKE_CUDA_STREAMS", "4095"));
    while (number < MOST && streams[number]) number++;
    if (number > limit) return OUT_OF_MEMORY;
    streams[number] = 1;
    *stream = number;
    return SUCCESS;
}
int cudaStreamDestroy(uintptr_t stream) {
    if (stream < 1 || stream >= MOST || !streams[stream]) return INVALID_HANDLE;
    streams[stream] = 0;
    return SUCCESS;
}
int cudaStreamSynchronize(uintptr_t stream) {
    int index, kept = 0;
    if (stream < 1 || stream >= MOST || !streams[stream]) return INVALID_HANDLE;
    for (index = 0; index < queued; index++) {
        if (queue[index].stream != (int)stream) { queue[kept++] = queue[index]; continue; }
        if (queue[index].kind == 1) memcpy(locate(queue[index].target, 0), (void *)queue[index].source, queue[index].size);
        else if (queue[index].kind == 2) memcpy((void *)queue[index].target, locate(queue[index].source, 0), queue[index].size);
        else queue[index].kernel(queue[index].order);
    }
    queued = kept;
    return SUCCESS;
}
/* What a GPU does of itself, for the fake TensorRT: queue a kernel, which reaches the GPU's memory. */
int fake_launch(uintptr_t stream, void (*kernel)(long), long order) {
    return enqueue((int)stream, 0, 0, 0, 0, kernel, order);
}
int fake_read(void *host, uintptr_t address, size_t size) {
    char *storage = locate(address, size);
    if (!storage) return INVALID_VALUE;
    memcpy(host, storage, size);
    return SUCCESS;
}
int fake_write(uintptr_t address, const void *host, size_t size) {
    char *storage = locate(address, size);
    if (!storage) return INVALID_VALUE;
    memcpy(storage, host, size);
    return SUCCESS;
}
