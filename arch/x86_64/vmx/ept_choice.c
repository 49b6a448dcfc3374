/* Which EPT pages this computer has. */
#include "arch/x86_64/ept/ept.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"

const struct page_format *ept_format(void) {
    static struct page_format format;
    if (arch_guests_reason() != NULL)
        return NULL;
    if (format.leaf == NULL)
        ept_format_init(&format, vmx_controls.has_1g ? 2 : vmx_controls.has_2m ? 1 : 0);
    return &format;
}
