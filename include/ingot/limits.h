/* limits.h - every maximum, with its reason. Declared or signed sizes come first; these hold where nothing is declared. */
#pragma once
#include <stdint.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

/* names and trees */
#define INGOT_MAX_NAME 255              /* NAME_MAX */
#define INGOT_MAX_PATH 4095             /* PATH_MAX without its NUL */
#define INGOT_MAX_DEPTH 256             /* real images stay below 40; bounds every walk */
#define INGOT_MAX_ENTRIES 2000000       /* a 20 GB image has about 600,000 */
#define INGOT_MAX_XATTR_NAME 255        /* XATTR_NAME_MAX */
#define INGOT_MAX_XATTR_VALUE KIB(64)   /* XATTR_SIZE_MAX */
#define INGOT_MAX_XATTRS 64             /* per node */
#define INGOT_MAX_SYMLINKS 40           /* the kernel's MAXSYMLINKS */
#define INGOT_MAX_ID 4294967294U        /* (uid_t)-1 means "unchanged" */
#define INGOT_MAX_TREE_TEXT GIB(1)      /* 2 M entries at 500 bytes */
#define INGOT_MAX_FILE GIB(64)          /* one file's content */

/* recipes (what the largest hand-written files of the field need, times ten) */
#define INGOT_MAX_RECIPE MIB(1)
#define INGOT_MAX_RECIPE_DEPTH 32
#define INGOT_MAX_RECIPE_NODES 20000
#define INGOT_MAX_LOCK MIB(16)          /* 20,000 packages at 800 bytes */
#define INGOT_MAX_LOCK_NODES 400000

/* the channel between our processes */
#define INGOT_MAX_MESSAGE MIB(1)        /* payload of one message */
#define INGOT_MAX_HELPER_TEXT 2048      /* an error text from a helper */
#define INGOT_HELPER_SILENCE_MS 60000   /* no message for so long: the helper is dead */

/* packages */
#define INGOT_MAX_INRELEASE MIB(10)     /* Debian's is 0.2 MiB; apt's own limit */
#define INGOT_MAX_PACKAGES_INDEX MIB(512) /* decompressed; main of Debian 12 is 48 MiB */
#define INGOT_MAX_CONTROL MIB(16)       /* control.tar decompressed */
#define INGOT_MAX_DEB GIB(4)
#define INGOT_MAX_MAINT_SCRIPT MIB(1)

/* images */
#define INGOT_MAX_MANIFEST MIB(4)       /* containers/image */
#define INGOT_MAX_CONFIG MIB(4)
#define INGOT_MAX_DESCRIPTORS 1024
#define INGOT_MAX_SIGNATURES 32
#define INGOT_MAX_SIGNATURE MIB(1)
#define INGOT_MAX_KEY KIB(64)
#define INGOT_MAX_BLOBS 4096            /* blobs of one archive */
#define INGOT_MAX_PARTS 65536           /* files of one foreign archive: "docker save" writes four for each layer of each image */
#define INGOT_MAX_ACCOUNTS MIB(1)       /* passwd, group */
#define INGOT_MAX_PACKAGE_LIST MIB(16)  /* names of one package's files: 100,000 at 160 bytes */
#define INGOT_MAX_PACKAGE_LISTS 20000   /* in one image; a desktop has 3,000 */
#define INGOT_MAX_PACKAGE_LISTS_BYTES MIB(256)

/* decompression: window limits that every reader of the field accepts; the ratio catches bombs where no size is declared */
#define INGOT_MAX_ZSTD_WINDOW_LOG 27
#define INGOT_MAX_XZ_MEMORY MIB(256)
#define INGOT_MAX_RATIO 1000

/* steps */
#define INGOT_MAX_STEP_LOG MIB(64)
/* Of the memory that this host, or the control group around us, has: a step that takes more leaves too little for the rest, and the kernel would choose whom to end. */
#define INGOT_STEP_MEMORY_PART(all) ((all) / 4 * 3)
#define INGOT_MAX_STEP_TASKS 8192       /* processes and threads: what a compiler farm on 128 processors needs, times ten */
#define INGOT_MAX_ARGS 4096
#define INGOT_MAX_ARG_BYTES KIB(128)    /* MAX_ARG_STRLEN */
#define INGOT_MAX_STEP_MOUNTS 16        /* caches and binds of one step; each is a descriptor of its helper */
#define INGOT_MAX_STEP_TMPFS 16
#define INGOT_MAX_STEP_SECRETS 16
#define INGOT_MAX_SECRET KIB(256)       /* certificate chains and credential files of the field stay below 64 KiB */
#define INGOT_MIN_SECRET 4              /* shorter ones occur by chance: they are neither masked nor searched for */
#define INGOT_MAX_COURSE_FILES 256      /* that one test of an image looks at */
#define INGOT_MAX_COURSE_TEXT 256       /* of a service's answer, for a message */
#define INGOT_MAX_GUNZIP MIB(1)         /* of each gzip member, when contents are searched for secrets */

/* facts about contents */
#define INGOT_MAX_FOUND 16              /* secrets told of one content: after these it is clear what it is */
#define INGOT_MAX_HASHBANG 255          /* what the kernel reads of a #! line (BINPRM_BUF_SIZE) */
#define INGOT_MAX_ELF_TEXT KIB(4)       /* runpaths and needed libraries of one file, each; the longest of Debian have 1.5 KiB */
#define INGOT_MAX_SEARCHED GIB(4)       /* of one content: some seconds, and far below INGOT_HELPER_SILENCE_MS */
