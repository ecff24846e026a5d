import{m as i}from"./chunk-76A5MUFV.js";var o=i(!1);export{o as a};
