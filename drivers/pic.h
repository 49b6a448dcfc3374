/* The two 8259A interrupt controllers: out of the way. */
#ifndef BULKHEAD_DRIVERS_PIC_H
#define BULKHEAD_DRIVERS_PIC_H

#include <stdint.h>

/* Every line masked; spurious interrupts come at vector 7 and 15 from first_vector. */
void pic_disable(uint8_t first_vector);

#endif
