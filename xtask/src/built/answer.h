/* Included before each file of answers. An object that follows ANSWER("question") becomes the answer to it: the bytes of the
   data section, laid out by the compiler for the system's own headers. Objects of one question follow each other. */
#define ANSWER(question) __attribute__((section("ask " question), used)) static
/* The kernel refuses the question with this error number. */
#define REFUSED(question, number) \
    __attribute__((section("errno " question), used)) static const int JOIN(refused, __COUNTER__) = number
/* A line of the capture's header, such as "note 4 CPUs". */
#define HEADER(line) __attribute__((section("header"), used)) static const char JOIN(header, __COUNTER__)[] = line "\n"
#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b
