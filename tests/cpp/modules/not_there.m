/* Must not compile: shows that the module is looked into. */
@import COtc.not_there;
