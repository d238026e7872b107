/* Included before each file of answers. An object that follows ANSWER("question") becomes the answer to it: the bytes of the
   data section, laid out by the compiler for the system's own headers. */
#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b
#ifdef __APPLE__
/* Names of sections have at most 16 characters, so the question stands in a section beside. One object answers a question. */
#define SECTION(kind, number) __attribute__((section("__ASK," #kind #number), used))
#define ANSWER(question) ANSWER_(question, __COUNTER__)
#define ANSWER_(question, number) ANSWER__(question, number)
#define ANSWER__(question, number) \
    SECTION(n, number) static const char text_##number[] = question; \
    SECTION(d, number) static
#define REFUSED(question, error) REFUSED_(question, error, __COUNTER__)
#define REFUSED_(question, error, number) REFUSED__(question, error, number)
#define REFUSED__(question, error, number) \
    SECTION(n, number) static const char text_##number[] = question; \
    SECTION(e, number) static const int refused_##number = error
#define HEADER(line) HEADER_(line, __COUNTER__)
#define HEADER_(line, number) HEADER__(line, number)
#define HEADER__(line, number) SECTION(h, number) static const char header_##number[] = line "\n"
#else
/* Objects of one question follow each other. */
#define ANSWER(question) __attribute__((section("ask " question), used)) static
/* The kernel refuses the question with this error number. */
#define REFUSED(question, number) \
    __attribute__((section("errno " question), used)) static const int JOIN(refused, __COUNTER__) = number
/* A line of the capture's header, such as "note 4 CPUs". */
#define HEADER(line) __attribute__((section("header"), used)) static const char JOIN(header, __COUNTER__)[] = line "\n"
#endif
