/* Handle tables. Tables only grow and objects outlive every lookup, so the gate takes no lock. */
#include "kernel/handle.h"

#include "kernel/object.h"
#include "kernel/partition.h"

#define LOOKUP_TRIES 4

static struct handle_entry *entry_of(const struct handle_table *table, handle_t handle) {
    uint32_t page = handle / HANDLE_PAGE_ENTRIES;
    if (page >= HANDLE_PAGE_LIMIT)
        return NULL;
    struct handle_entry *entries = __atomic_load_n(&table->page[page], __ATOMIC_ACQUIRE);
    return entries == NULL ? NULL : &entries[handle % HANDLE_PAGE_ENTRIES];
}

enum status handle_lookup(const struct partition *partition, handle_t handle, enum object_type type,
                          uint32_t rights, struct handle_reference *result) {
    const struct handle_entry *entry = entry_of(&partition->handles, handle);
    if (entry == NULL)
        return STATUS_BAD_HANDLE;
    /* An entry that is closed and used anew while it is read is read again; a caller that loses
     * this race so often is told what was true in between: closed. */
    struct object *object;
    uint64_t sequence;
    int tries = 0;
    do {
        if (tries++ == LOOKUP_TRIES)
            return STATUS_BAD_HANDLE;
        sequence = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
        object = __atomic_load_n(&entry->object, __ATOMIC_ACQUIRE);
        if (object == NULL)
            return STATUS_BAD_HANDLE;
        result->rights = __atomic_load_n(&entry->rights, __ATOMIC_ACQUIRE);
        result->badge = __atomic_load_n(&entry->badge, __ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&entry->sequence, __ATOMIC_RELAXED) != sequence);
    if (type != OBJECT_NONE && object->type != type)
        return STATUS_BAD_HANDLE;
    if ((result->rights & rights) != rights)
        return STATUS_BAD_RIGHTS;
    result->object = object;
    return STATUS_OK;
}

void handle_remember(const struct partition *partition, handle_t handle,
                     struct handle_memory *memory) {
    const struct handle_entry *entry = entry_of(&partition->handles, handle);
    *memory = (struct handle_memory){NULL, 0, handle};
    if (entry == NULL)
        return;
    memory->sequence = &entry->sequence;
    memory->value = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
}

/* A free slot that no longer is one; 0: none. */
static handle_t take_slot(struct partition *partition) {
    struct handle_table *table = &partition->handles;
    if (table->used >= table->limit)
        return 0;
    if (table->first_free != 0) {
        handle_t handle = table->first_free;
        table->first_free = entry_of(table, handle)->next_free;
        return handle;
    }
    handle_t handle = table->initialised;
    if (handle / HANDLE_PAGE_ENTRIES >= HANDLE_PAGE_LIMIT)
        return 0;
    if (entry_of(table, handle) == NULL) {
        void *page = partition_page_allocate(partition);
        if (page == NULL)
            return 0;
        __atomic_store_n(&table->page[handle / HANDLE_PAGE_ENTRIES], page, __ATOMIC_RELEASE);
    }
    table->initialised++;
    return handle;
}

static void fill(struct partition *partition, handle_t handle, struct object *object,
                 uint32_t rights, uint64_t badge) {
    struct handle_entry *entry = entry_of(&partition->handles, handle);
    object_get(object);
    entry->rights = rights;
    entry->badge = badge;
    __atomic_store_n(&entry->object, object, __ATOMIC_RELEASE);
    partition->handles.used++;
}

enum status handle_table_create(struct partition *partition) {
    struct handle_table *table = &partition->handles;
    table->page[0] = partition_page_allocate(partition);
    if (table->page[0] == NULL)
        return STATUS_QUOTA;
    table->initialised = HANDLE_THREAD +
                         1; /* 0 names nothing; the first three are as types.h says */
    return STATUS_OK;
}

void handle_set_initial(struct partition *partition, handle_t handle, struct object *object) {
    fill(partition, handle, object, RIGHTS_ALL, 0);
}

enum status handle_insert(struct partition *partition, struct object *object, uint32_t rights,
                          uint64_t badge, handle_t *result) {
    handle_t handle = take_slot(partition);
    if (handle == 0)
        return STATUS_QUOTA;
    fill(partition, handle, object, rights, badge);
    *result = handle;
    return STATUS_OK;
}

enum status handle_reserve(struct partition *partition, handle_t *result) {
    *result = take_slot(partition);
    return *result == 0 ? STATUS_QUOTA : STATUS_OK;
}

void handle_fill(struct partition *partition, handle_t reserved, struct object *object,
                 uint32_t rights) {
    fill(partition, reserved, object, rights, 0);
}

void handle_give_up(struct partition *partition, handle_t reserved) {
    entry_of(&partition->handles, reserved)->next_free = partition->handles.first_free;
    partition->handles.first_free = reserved;
}

static void close_entry(struct partition *partition, struct handle_entry *entry, handle_t handle) {
    struct object *object = entry->object;
    __atomic_store_n(&entry->object, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->sequence, entry->sequence + 1, __ATOMIC_RELEASE);
    entry->rights = 0;
    handle_give_up(partition, handle);
    partition->handles.used--;
    object_put(object);
}

enum status handle_close(struct partition *partition, handle_t handle) {
    struct handle_entry *entry = entry_of(&partition->handles, handle);
    if (entry == NULL || entry->object == NULL)
        return STATUS_BAD_HANDLE;
    close_entry(partition, entry, handle);
    return STATUS_OK;
}

void handle_close_owned(struct partition *partition, const struct partition *owner) {
    for (handle_t handle = 1; handle < partition->handles.initialised; handle++) {
        struct handle_entry *entry = entry_of(&partition->handles, handle);
        if (entry->object != NULL && (owner == NULL || entry->object->owner == owner))
            close_entry(partition, entry, handle);
    }
}

void handle_close_object(struct partition *partition, const struct object *object) {
    for (handle_t handle = 1; handle < partition->handles.initialised; handle++) {
        struct handle_entry *entry = entry_of(&partition->handles, handle);
        if (entry->object == object)
            close_entry(partition, entry, handle);
    }
}

void handle_table_free(struct partition *partition) {
    for (uint32_t i = 0; i < HANDLE_PAGE_LIMIT; i++)
        if (partition->handles.page[i] != NULL) {
            partition_page_free(partition, partition->handles.page[i]);
            partition->handles.page[i] = NULL;
        }
    partition->handles.initialised = 0;
    partition->handles.first_free = 0;
}
