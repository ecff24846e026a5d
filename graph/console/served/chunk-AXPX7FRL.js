import{m as i}from"./chunk-IAWZ4GLL.js";var o=i(!1);export{o as a};
