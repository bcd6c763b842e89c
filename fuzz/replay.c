/*
 * replay - runs a fuzz target over every file of its corpus, so that corpora are ordinary tests without libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return -1;
    }
    static uint8_t bytes[4 * 1024 * 1024];
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    /* A copy of the exact size, so that AddressSanitizer sees a read past the end. */
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = bytes[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned ran = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            (void)fprintf(stderr, "replay: cannot open %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            char path[4096];
            if (entry->d_name[0] == '.') {
                continue;
            }
            (void)snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (replay_file(path) != 0) {
                (void)fprintf(stderr, "replay: cannot read %s\n", path);
                return 1;
            }
            ran++;
        }
        (void)closedir(folder);
    }
    (void)printf("replayed %u inputs\n", ran);
    return ran == 0; /* an empty corpus is a mistake, not a pass */
}
