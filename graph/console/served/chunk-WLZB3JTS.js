import{m as i}from"./chunk-CURIQPTH.js";var o=i(!1);export{o as a};
