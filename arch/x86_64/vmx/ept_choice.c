/* Which EPT pages are used: the largest that the computer has, if large ones are safe on it. */
#include "arch/x86_64/cpu/speculation.h"
#include "arch/x86_64/ept/ept.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"

const struct page_format *ept_format(void) {
    static struct page_format format;
    if (arch_guests_reason() != NULL)
        return NULL;
    uint32_t largest = vmx_controls.has_1g ? 2 : vmx_controls.has_2m ? 1 : 0;
    if (format.leaf == NULL)
        ept_format_init(&format, speculation_does(SPECULATION_SMALL_PAGES) ? 0 : largest);
    return &format;
}
