/* Objects: creation, counting, and the delayed freeing of their memory. */
#include "kernel/object.h"

#include "kernel/cpu.h"
#include "kernel/event.h"
#include "kernel/guest.h"
#include "kernel/partition.h"
#include "kernel/ports.h"
#include "kernel/region.h"
#include "kernel/space.h"
#include "kernel/thread.h"

/* What ends an object of each type when nothing counts on it any more. */
struct object_kind {
    size_t size;
    void (*destroy)(struct object *object);
};

static void destroy_thread(struct object *object) {
    thread_destroy(LIST_MEMBER(object, struct thread, object));
}

static void destroy_space(struct object *object) {
    space_destroy(LIST_MEMBER(object, struct space, object));
}

static void destroy_region(struct object *object) {
    region_destroy(LIST_MEMBER(object, struct region, object));
}

static void destroy_guest(struct object *object) {
    guest_destroy(LIST_MEMBER(object, struct guest, object));
}

static void destroy_event(struct object *object) {
    event_destroy(LIST_MEMBER(object, struct event, object));
}

static void destroy_nothing(struct object *object) {
    (void)object;
}

static const struct object_kind kinds[OBJECT_TYPE_COUNT] = {
    [OBJECT_NONE] = {sizeof(struct mapping),   destroy_nothing},
    [OBJECT_PARTITION] = {sizeof(struct partition), destroy_nothing},
    [OBJECT_THREAD] = {sizeof(struct thread),    destroy_thread },
    [OBJECT_SPACE] = {sizeof(struct space),     destroy_space  },
    [OBJECT_REGION] = {sizeof(struct region),    destroy_region },
    [OBJECT_GUEST] = {sizeof(struct guest),     destroy_guest  },
    [OBJECT_PORTS] = {sizeof(struct ports),     destroy_nothing},
    [OBJECT_EVENT] = {sizeof(struct event),     destroy_event  },
};

/* The offset of struct object in an object's memory differs: threads begin with their frame. */
static void *memory_of(struct object *object) {
    if (object->type == OBJECT_THREAD)
        return LIST_MEMBER(object, struct thread, object);
    return object;
}

static uint64_t last_id;
static struct list dead = {&dead, &dead}; /* by owner_link: memory to be freed */

static void init(struct object *object, enum object_type type, struct partition *owner) {
    object->type = (uint8_t)type;
    object->count = 1;
    object->id = ++last_id;
    object->owner = owner;
    list_append(&owner->objects, &object->owner_link);
}

void *object_create(enum object_type type, struct partition *owner) {
    void *memory = slab_allocate(owner, kinds[type].size);
    if (memory == NULL)
        return NULL;
    struct object *object = type == OBJECT_THREAD ? &((struct thread *)memory)->object : memory;
    init(object, type, owner);
    return memory;
}

void object_init_static(struct object *object, enum object_type type) {
    init(object, type, &kernel_partition);
}

void object_get(struct object *object) {
    object->count++;
}

void object_put(struct object *object) {
    if (--object->count > 0)
        return;
    kinds[object->type].destroy(object);
    list_remove(&object->owner_link);
    list_append(&dead, &object->owner_link);
}

static void nothing(void *argument) {
    (void)argument;
}

void object_reap(void) {
    if (list_is_empty(&dead))
        return;
    cpu_call_all(nothing, NULL);
    while (!list_is_empty(&dead)) {
        struct object *object = LIST_MEMBER(dead.next, struct object, owner_link);
        list_remove(&object->owner_link);
        slab_free(object->owner, memory_of(object), kinds[object->type].size);
    }
}
