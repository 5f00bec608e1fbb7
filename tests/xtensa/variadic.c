// Variable arguments of every width, in registers and on the stack: prints the same on the host and on Xtensa.
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void put(unsigned value) {
    char text[12] = "          \n";
    for (int at = 9; at == 9 || value > 0; value /= 10) {
        text[at--] = (char)('0' + value % 10);
    }
    if (write(1, text, 11) != 11) {
        _exit(3);
    }
}

// i an int, p a string of one letter, l a long long of a value << 8, d a double, of which the exponent is printed
static void put_all(const char *kinds, va_list arguments) {
    for (; *kinds; kinds++) {
        if (*kinds == 'i') {
            put((unsigned)va_arg(arguments, int));
        } else if (*kinds == 'p') {
            put((unsigned)*va_arg(arguments, const char *));
        } else if (*kinds == 'l') {
            put((unsigned)(va_arg(arguments, long long) >> 8));
        } else {
            double value = va_arg(arguments, double);
            unsigned long long bits;
            memcpy(&bits, &value, sizeof(bits));
            put((unsigned)(bits >> 52) & 2047);
        }
    }
}

__attribute__((noinline)) static void after_one(const char *kinds, ...) {
    va_list arguments;
    va_start(arguments, kinds);
    put_all(kinds, arguments);
    va_end(arguments);
}

__attribute__((noinline)) static void after_four(int a, int b, int c, const char *kinds, ...) {
    va_list arguments, copy;
    put((unsigned)(a + 10 * b + 100 * c));
    va_start(arguments, kinds);
    va_copy(copy, arguments);
    put_all(kinds, arguments);
    put_all(kinds, copy);
    va_end(copy);
    va_end(arguments);
}

int main(void) {
    after_one("iiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8);
    after_one("ilil", 1, 2LL << 8, 3, 4LL << 8);
    after_one("lili", 1LL << 8, 2, 3LL << 8, 4);
    after_one("diidp", 2.0, 7, 8, 4.0, "A");
    after_one("iiilil", 1, 2, 3, 4LL << 8, 5, 6LL << 8);
    after_four(1, 2, 3, "iiii", 1, 2, 3, 4);
    after_four(1, 2, 3, "llil", 1LL << 8, 2LL << 8, 3, 4LL << 8);
    after_four(1, 2, 3, "ill", 1, 2LL << 8, 3LL << 8);
    return 0;
}
