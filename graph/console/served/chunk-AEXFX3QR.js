import{m as i}from"./chunk-NPNVV3S4.js";var o=i(!1);export{o as a};
